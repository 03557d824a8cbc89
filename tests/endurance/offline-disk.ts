import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { pathOf } from './guest-scripts.ts';

const execute = promisify(execFile);
const toolDeadlineMs = 120_000;

const record = z.object({ disks: z.array(z.string()) });

/**
 * What a disk without its machine holds instead of what was flushed. `expected` has a hash for each place, or undefined
 * where there must be nothing. Looks at a copy, whose journal is replayed as the next mount would do it.
 */
export async function differencesOnDisk(
  directory: string,
  id: string,
  expected: ReadonlyMap<string, string | undefined>,
): Promise<string[]> {
  const text = await readFile(`${directory}/capsules/${id}/record.json`, 'utf8').catch(() => undefined);
  if (text === undefined) return ['its record is gone, and its disk with it'];
  const top = record.parse(JSON.parse(text)).disks.at(-1);
  if (top === undefined) return ['its record names no disk'];
  const copy = `${directory}/endurance-${id}.raw`;
  try {
    await tool('qemu-img', ['convert', '-O', 'raw', `${directory}/snapshots/disks/${top}.qcow2`, copy]);
    // 1 is "errors were corrected", as after every machine that was killed.
    await tool('e2fsck', ['-fy', copy]).catch((thrown: unknown) => {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 1)) throw thrown;
    });
    return await compareFiles(copy, `${directory}/endurance-${id}.file`, expected);
  } finally {
    await rm(copy, { force: true });
  }
}

async function compareFiles(
  image: string,
  scratch: string,
  expected: ReadonlyMap<string, string | undefined>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const [place, hash] of expected) {
    await rm(scratch, { force: true });
    await tool('debugfs', ['-R', `dump ${pathOf(place)} ${scratch}`, image]);
    const bytes = await readFile(scratch).catch(() => undefined);
    const found = bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('hex');
    // debugfs makes an empty file of one that is not there, in some versions.
    if (hash === undefined && bytes?.length === 0) continue;
    if (found !== hash) wrong.push(`${place} was flushed and is not on the disk: ${found ?? 'nothing'}`);
  }
  await rm(scratch, { force: true });
  return wrong;
}

async function tool(program: string, args: readonly string[]): Promise<void> {
  await execute(program, args, { timeout: toolDeadlineMs, maxBuffer: 16 * 1024 ** 2 });
}
