import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WrennError } from '@wrenn/core';

/** SvelteKit starts the page by a script in it; the policy of the dashboard lets no such script run. */
const inline = /<script>([\s\S]*?)<\/script>/;

/** Moves the script that starts the page into a file of its own, named by what is in it. */
export async function moveInlineScript(folder: string): Promise<void> {
  const page = join(folder, 'index.html');
  const html = await readFile(page, 'utf8');
  const script = inline.exec(html)?.[1];
  if (script === undefined || inline.test(html.replace(inline, '')))
    throw new WrennError('internal_error', 'the page of the dashboard has not exactly one script in it');
  const name = `_app/immutable/start-${createHash('sha256').update(script).digest('hex').slice(0, 10)}.js`;
  await writeFile(join(folder, name), script);
  await writeFile(
    page,
    html.replace(inline, () => `<script src="/${name}"></script>`),
  );
}
