// `npm run endurance -- --cycles N [--seed S]`: a long random life of a Wrenn of its own, with faults, beside a model.
//
// The last line on standard output is its result as JSON. Exit code 1 when something was lost.
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endure } from '../tests/endurance/installation.ts';

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { cycles: { type: 'string' }, seed: { type: 'string' } } });
  const cycles = Number(values.cycles ?? 100);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
  if (!Number.isInteger(cycles) || cycles < 1 || !Number.isInteger(seed) || seed < 0) {
    console.error('usage: npm run endurance -- [--cycles N] [--seed N]');
    return 2;
  }
  const path = join(tmpdir(), `wrenn-endurance-${seed}.log`);
  const log = createWriteStream(path);
  const note = (text: string) => {
    console.error(text);
    log.write(`${new Date().toISOString()} ${text}\n`);
  };
  note(`seed ${seed}, ${cycles} cycles; this is kept in ${path}`);
  const { faults, losses, leftOver, ...played } = await endure({
    cycles,
    seed,
    note,
    signal: stopping.signal,
  });
  for (const name of leftOver) note(`LEFT BEHIND: ${name}`);
  log.end();
  const lost = losses.length + leftOver.length;
  console.log(JSON.stringify({ cycles: played.cycles, faults, losses: lost, seed }));
  return lost === 0 ? 0 : 1;
}
