// Says whether packages/protocol/gen is what buf makes of the .proto files.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository, runCommand } from '../run-command.ts';

const protocol = join(repository, 'packages/protocol');
const timeoutMs = 60_000;

const directory = await mkdtemp(join(tmpdir(), 'wrenn-generated-'));
try {
  const template = join(protocol, 'buf.gen.yaml');
  const generate = ['buf', 'generate', protocol, '--template', template, '--output', directory] as const;
  const { code, output } = await runCommand(generate, { timeoutMs, output: 'keep' });
  if (code !== 0) {
    console.error(output);
    process.exitCode = 1;
  } else {
    await compare(join(protocol, 'gen'), join(directory, 'gen'));
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function compare(committed: string, made: string): Promise<void> {
  const [have, want] = await Promise.all([contents(committed), contents(made)]);
  const names = new Set([...have.keys(), ...want.keys()]);
  const stale = [...names].filter((name) => have.get(name) !== want.get(name)).sort();
  if (stale.length === 0) return;
  console.error(`not what the .proto files say: ${stale.join(', ')}; run \`npm run generate\``);
  process.exitCode = 1;
}

async function contents(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = files.map(
    async (file) => [file.slice(directory.length + 1), await readFile(file, 'utf8')] as const,
  );
  return new Map(await Promise.all(texts));
}
