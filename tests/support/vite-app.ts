import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');

/** A small page whose text is a module of its own, which Vite replaces in the page when it changes. */
const files = {
  'index.html': '<!doctype html><h1></h1><script type="module" src="/main.js"></script>',
  'main.js': `import { text } from './text.js';
const show = (shown) => { document.querySelector('h1').textContent = shown; };
show(text);
import.meta.hot.accept('./text.js', (module) => show(module.text));
`,
  'text.js': textModule('before'),
} as const;

export function textModule(text: string): string {
  return `export const text = ${JSON.stringify(text)};\n`;
}

/** The page with Vite beside it, as npm installed it for this repository, as a tar. */
export async function viteApp(): Promise<Buffer<ArrayBuffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'wrenn-vite-'));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    for (const name of await withDependencies('vite', new Set())) {
      const target = join(folder, 'node_modules', name);
      await mkdir(dirname(target), { recursive: true });
      await cp(join(repository, 'node_modules', name), target, { recursive: true });
    }
    const { stdout } = await run('tar', ['-C', folder, '-cf', '-', '.'], {
      encoding: 'buffer',
      maxBuffer: 1 << 28,
    });
    return Buffer.from(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The package and all that it needs of what is installed, native parts for this machine among it. */
async function withDependencies(name: string, known: Set<string>): Promise<Set<string>> {
  if (known.has(name)) return known;
  known.add(name);
  const manifest = JSON.parse(
    await readFile(join(repository, 'node_modules', name, 'package.json'), 'utf8'),
  ) as Readonly<Record<'dependencies' | 'optionalDependencies', Record<string, string> | undefined>>;
  for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    if (isInstalled(dependency)) await withDependencies(dependency, known);
  }
  return known;
}

/** What is for other machines is not there. */
function isInstalled(name: string): boolean {
  return existsSync(join(repository, 'node_modules', name, 'package.json'));
}
