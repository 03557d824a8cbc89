import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { Change } from './changes.ts';
import { hashOf, numbers } from './content.ts';
import { changeScript, fenceScript, observeScript, readObserved, tooLate } from './guest-scripts.ts';

const execute = promisify(execFile);

/** The same scripts on this machine, in a directory of their own instead of the guest's. */
async function withShell(work: (sh: (script: string) => Promise<string>) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-endurance-'));
  const sh = async (script: string) => {
    const own = script.replaceAll(/\/root|\/dev\/shm/g, (path) => directory + path);
    return (await execute('sh', ['-c', own], { timeout: 20_000 })).stdout;
  };
  try {
    await work(sh);
  } finally {
    await rm(directory, { recursive: true });
  }
}

it('a guest holds after each change what the model says', async () => {
  await withShell(async (sh) => {
    const written = numbers(123_456_789_012, 250_003);
    const shorter = numbers(555_555_555_555, 77);
    const zeros = { kind: 'zeros', bytes: 4097 } as const;
    const changes: Change[] = [
      { kind: 'replace', place: 'disk/a', content: written },
      { kind: 'overwrite', place: 'disk/b', content: written },
      { kind: 'overwrite', place: 'disk/b', content: shorter },
      { kind: 'sync', place: 'disk/b' },
      { kind: 'replace', place: 'memory/a', content: written },
      { kind: 'overwrite', place: 'memory/a', content: zeros },
      { kind: 'replace', place: 'memory/b', content: shorter },
      { kind: 'remove', place: 'memory/b' },
    ];
    for (const [index, change] of changes.entries()) await sh(changeScript(index + 1, change));
    expect(readObserved(await sh(observeScript('memory')))).toEqual(
      new Map([
        ['disk/a', hashOf(written)],
        ['disk/b', hashOf(shorter)],
        ['memory/a', hashOf(zeros)],
      ]),
    );
  });
});

it('a change that comes after a later one is refused', async () => {
  await withShell(async (sh) => {
    await sh(fenceScript(5));
    const late = changeScript(4, { kind: 'replace', place: 'disk/a', content: numbers(111_111_111_111, 9) });
    await expect(sh(late)).rejects.toMatchObject({ code: tooLate });
    expect(readObserved(await sh(observeScript('memory')))).toEqual(new Map());
  });
});
