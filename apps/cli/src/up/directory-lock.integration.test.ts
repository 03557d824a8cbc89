import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryLock } from './directory-lock.ts';
import { identify, isRunning } from './process-identity.ts';

const signal = new AbortController().signal;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-lock-'));
});
afterEach(() => rm(directory, { recursive: true }));

const gone = { pid: process.pid, startTicks: '1' };
const leave = (contents: unknown) => writeFile(join(directory, 'up.lock'), JSON.stringify(contents));

describe('the lock of a directory', () => {
  it('is held by one, and given back without a trace', async () => {
    {
      await using _lock = await DirectoryLock.take(directory, signal);
      await expect(DirectoryLock.take(directory, signal)).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(await readdir(directory)).toEqual([]);
  });

  it('is taken over from an owner that is gone, even if its PID is in use again', async () => {
    await leave({ owner: gone, children: [] });
    await using _lock = await DirectoryLock.take(directory, signal);
    const { owner } = JSON.parse(await readFile(join(directory, 'up.lock'), 'utf8'));
    expect(owner).toEqual(await identify(process.pid));
  });

  it('is taken over only after the processes of its owner have ended', async () => {
    const child = spawn('sleep', ['0.3'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const identity = await identify(child.pid ?? 0);
    await leave({ owner: gone, children: [identity] });
    await using _lock = await DirectoryLock.take(directory, signal);
    expect(identity !== undefined && (await isRunning(identity))).toBe(false);
  });

  it('remembers processes for whoever takes it over', async () => {
    await using lock = await DirectoryLock.take(directory, signal);
    await lock.remember(process.pid);
    const { children } = JSON.parse(await readFile(join(directory, 'up.lock'), 'utf8'));
    expect(children).toEqual([await identify(process.pid)]);
  });

  it.each(['', 'text', '{}', '{"owner":{"pid":-1,"startTicks":"1"},"children":[]}'])(
    'is not guessed at when it holds %j',
    async (contents) => {
      await writeFile(join(directory, 'up.lock'), contents);
      await expect(DirectoryLock.take(directory, signal)).rejects.toMatchObject({ code: 'conflict' });
    },
  );

  it('is got by exactly one of many who take over a stale one at once', async () => {
    await leave({ owner: gone, children: [] });
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, () => DirectoryLock.take(directory, signal)),
    );
    const winners = attempts.filter((attempt) => attempt.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const { value } of winners) await value[Symbol.asyncDispose]();
  });
});
