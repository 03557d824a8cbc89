import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { Network } from '../browser/support/cut.ts';
import { contentOf, ownCapsule } from '../browser/support/own-capsule.ts';
import { type Visited, visit } from '../browser/support/page.ts';
import { newTerminal, run, screenOf, shows, type } from '../browser/support/terminal-screen.ts';

let password: string;

beforeAll(async () => {
  password = (await readFile(join(inject('wrenn').directory, 'admin-password'), 'utf8')).trim();
});

/** An emulated guest prints some 150 KB a second, and half of that beside another. */
const fiveMegabytesMs = 180_000;

/** A page of a capsule of its own, which is destroyed with it. */
async function opened(tab: 'files' | 'terminal') {
  const url = inject('wrenn').baseUrl;
  const visited = await visit('/dashboard/keys', { as: 'admin@localhost', url, password });
  try {
    const id = await ownCapsule(visited);
    return {
      ...{
        visited,
        id,
        page: visited.page,
        show: () => visited.page.goto(`/dashboard/capsules/${id}/${tab}`),
      },
      [Symbol.asyncDispose]: async () => {
        await visited.context.request.delete(`/v1/capsules/${id}`, { headers: { origin: url } });
        await visited[Symbol.asyncDispose]();
      },
    };
  } catch (thrown) {
    await visited[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** What a shell of the capsule prints. */
async function shell({ context, url }: Visited, id: string, script: string): Promise<string> {
  const data = { cmd: 'sh', args: ['-c', script] };
  const answer = await context.request.post(`/v1/capsules/${id}/exec`, { headers: { origin: url }, data });
  const { stdout } = (await answer.json()) as { readonly stdout: string };
  return stdout;
}

describe('a terminal of the dashboard', () => {
  it('is one of two shells that a reload of the page finds again', async () => {
    await using on = await opened('terminal');
    const { page } = on;
    await on.show();
    await newTerminal(page, '$');
    await run(page, 'first=kept; stty size', '\n');
    await newTerminal(page, '$');
    await run(page, "echo of the sec''ond", '\nof the second');
    await page.reload();
    await shows(page, '\nof the second');
    await page.getByRole('tab').first().click();
    await run(page, 'echo "is $first"', '\nis kept');
  });

  it('has what is typed while its connection is cut once, and shows what was printed meanwhile', async () => {
    await using on = await opened('terminal');
    const { page, visited, id } = on;
    const network = await Network.of(page);
    await on.show();
    await newTerminal(page, '$');
    await run(page, "(sleep 1; echo mean''while) & echo beg''un", '\nbegun');
    await network.cut();
    await page.getByText('The connection broke').waitFor();
    await type(page, 'echo x >> typed\n');
    network.mend();
    await shows(page, 'meanwhile');
    await expect.poll(() => contentOf(visited, id, 'typed')).toBe('x\n');
    await run(page, "echo aft''er", '\nafter');
    expect(await contentOf(visited, id, 'typed')).toBe('x\n');
  });

  it('shows five megabytes to their end, and takes keys afterwards', { timeout: 300_000 }, async () => {
    await using on = await opened('terminal');
    const { page } = on;
    await on.show();
    await newTerminal(page, '$');
    await run(page, "yes 0123456789abcdef | head -c 5000000; echo; echo do''ne", '\ndone', fiveMegabytesMs);
    await run(page, "echo aft''er", '\nafter');
    expect(await screenOf(page)).toContain('0123456789abcdef');
  });
});

describe('the files of a capsule in the dashboard', () => {
  it('are sent, edited, renamed, fetched as tar and deleted', async () => {
    await using on = await opened('files');
    const { page, visited, id } = on;
    await on.show();
    const data = Buffer.alloc(3_000_000, 'some data of a file ');
    const file = { name: 'data.bin', mimeType: 'application/octet-stream', buffer: data };
    await page.locator('[data-upload="files"]').setInputFiles([file]);
    await page.getByText('Uploads are over: 1 done').waitFor();
    const sum = createHash('sha256').update(data).digest('hex');
    expect(await shell(visited, id, 'sha256sum data.bin')).toContain(sum);

    await shell(visited, id, 'mkdir -p src && echo "a = 1" > src/a.py');
    await page.getByRole('row').filter({ hasText: 'src' }).click();
    await page.getByRole('row').filter({ hasText: 'a.py' }).click();
    await page.locator('.cm-content').click();
    await page.keyboard.press('ControlOrMeta+End');
    await page.keyboard.type('b = 2');
    await page.keyboard.press('ControlOrMeta+s');
    await page.getByText('a.py is saved').waitFor();
    expect(await shell(visited, id, 'cat src/a.py')).toBe('a = 1\nb = 2');

    await page.getByLabel('Choose a.py').click();
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByLabel('New name, or path').fill('b.py');
    await page.getByRole('button', { name: 'Move', exact: true }).click();
    await expect.poll(() => shell(visited, id, 'ls src')).toBe('b.py\n');

    await on.show();
    await page.getByLabel('Choose src').click();
    const [tar] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download', exact: true }).click(),
    ]);
    expect(tar.suggestedFilename()).toBe('src.tar');
    expect((await readFile(await tar.path())).toString('latin1')).toContain('b = 2');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => shell(visited, id, 'ls')).toBe('data.bin\n');
  });

  it('of a gigabyte are shown as far as their beginning, and what is no text is not', async () => {
    await using on = await opened('files');
    const { page, visited, id } = on;
    await shell(
      visited,
      id,
      'yes a line | head -c 3000000 > long.log; truncate -s 1G long.log sparse; ln -s /nowhere lost; mkfifo pipe',
    );
    await on.show();
    for (const [name, said] of [
      ['long.log', 'Shown: the first 2 MiB of 1 GiB.'],
      ['sparse', 'This file is binary, of 1 GiB'],
      ['lost', 'This link leads to nothing'],
      ['pipe', 'This is a pipe'],
    ] as const) {
      await page.getByRole('row').filter({ hasText: name }).click();
      await page.getByText(said).waitFor();
    }
    await page.getByLabel('Path').fill('/dev');
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await page.getByLabel('Show only names with').fill('zero');
    await page.getByRole('row').filter({ hasText: 'zero' }).click();
    await page.getByText('This is a device').waitFor();
  });

  it('are shown as they change, and as the user that is chosen', async () => {
    await using on = await opened('files');
    const { page, visited, id } = on;
    await shell(visited, id, 'touch there');
    await on.show();
    await page.getByText('shown as they change').waitFor();
    await shell(visited, id, 'touch new-one');
    await page.getByRole('row').filter({ hasText: 'new-one' }).waitFor();
    await page.getByLabel('Path').fill('/root');
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('As user').fill('root');
    await page.getByRole('button', { name: 'Go', exact: true }).click();
    await page.getByRole('grid').or(page.getByText('This folder is empty')).waitFor();
  });
});
