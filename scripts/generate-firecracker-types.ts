// Writes the types of Firecracker's API that its engine uses; with `--check` only says whether they are current.
import { readFile, writeFile } from 'node:fs/promises';
import { type Schema, typesOf } from './firecracker-types/types.ts';

/** Bodies and answers of the calls that the engine makes. */
const used = [
  'Balloon',
  'BalloonUpdate',
  'BootSource',
  'Drive',
  'EntropyDevice',
  'InstanceActionInfo',
  'InstanceInfo',
  'Logger',
  'MachineConfiguration',
  'MmdsConfig',
  'MmdsContentsObject',
  'NetworkInterface',
  'PartialDrive',
  'SerialDevice',
  'SnapshotCreateParams',
  'SnapshotLoadParams',
  'Vm',
];

const name = 'apps/host-agent/src/engine/firecracker/api/types.generated.ts';
const target = new URL(`../${name}`, import.meta.url);
const source = await readFile(new URL('../spec/firecracker.json', import.meta.url), 'utf8');
const { definitions }: { definitions: Record<string, Schema> } = JSON.parse(source);
const head =
  "// Made by `npm run generate` from spec/firecracker.json, which has the facts of Firecracker's API description.";
const text = `${head}\n\n${typesOf(definitions, used)}\n`;

if (process.argv.includes('--check')) {
  const committed = await readFile(target, 'utf8').catch(() => '');
  if (committed !== text) {
    console.error(`${name} is not current: run \`npm run generate\``);
    process.exitCode = 1;
  }
} else {
  await writeFile(target, text);
}
