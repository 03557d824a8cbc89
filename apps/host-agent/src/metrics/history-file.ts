import { readFile, rename, writeFile } from 'node:fs/promises';
import { parseJson, systemCode } from '@wrenn/core';
import { z } from 'zod';
import { History } from './history.ts';
import type { Bucket } from './tier.ts';

/** As a row of numbers, in this order: there are a thousand, written every few seconds. */
const row = z
  .tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number(), z.number()])
  .transform(
    ([at, count, cpuPct, memBytes, memTotalBytes, diskBytes, diskTotalBytes]): Bucket => ({
      ...{ at, count, cpuPct, memBytes, memTotalBytes, diskBytes, diskTotalBytes },
    }),
  );

const content = z.object({ version: z.literal(1), tiers: z.array(z.array(row)) });

/**
 * Replaces the file by a rename, so that a reader sees the old or the new one whole. It is not flushed to the disk: it has to
 * survive the agent. Succeeds without an effect where its folder is gone.
 */
export async function writeHistory(path: string, history: History): Promise<void> {
  const tiers = history.buckets.map((buckets) => buckets.map(rowOf));
  const next = `${path}.next`;
  try {
    await writeFile(next, JSON.stringify({ version: 1, tiers }), { mode: 0o600 });
    await rename(next, path);
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown;
  }
}

/** An empty one where there is none, or none that this version reads: nobody is to wait for charts. */
export async function readHistory(path: string): Promise<History> {
  try {
    const parsed = content.safeParse(parseJson(await readFile(path, 'utf8')));
    return new History(parsed.success ? parsed.data.tiers : []);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return new History();
    throw thrown;
  }
}

function rowOf(bucket: Bucket): readonly number[] {
  const { at, count, cpuPct, memBytes, memTotalBytes, diskBytes, diskTotalBytes } = bucket;
  const rounded = [memBytes, memTotalBytes, diskBytes, diskTotalBytes].map(Math.round);
  return [at, count, Math.round(cpuPct * 100) / 100, ...rounded];
}
