import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { abortable, deadline, parseServiceMessage, type ServiceMessage } from '@wrenn/core';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('testing/slow-to-stop.ts', import.meta.url));

describe('a service', () => {
  it('is told what becomes of capsules, and is heard while it stops', async () => {
    const { child, messages } = await start();
    child.send({ type: 'shutdown', mode: 'pause' });
    expect(await endOf(child)).toBe(0);
    const notes = messages.slice(1).map((message) => message.type === 'progress' && message.progress);
    expect(notes).toEqual([1, 2, 3].map((step) => ({ kind: 'note', step: 'pause', text: `${step} of 3` })));
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'leaves capsules running on %s, as at a restart',
    async (signal) => {
      const { child, messages } = await start();
      child.kill(signal);
      expect(await endOf(child)).toBe(0);
      expect(messages.at(-1)).toMatchObject({ progress: { step: 'leave' } });
    },
  );

  it('stops by the first order, whatever comes after it', async () => {
    const { child, messages } = await start();
    child.send({ type: 'shutdown', mode: 'pause' }, () => child.kill('SIGTERM'));
    expect(await endOf(child)).toBe(0);
    expect(messages.at(-1)).toMatchObject({ progress: { step: 'pause' } });
  });
});

/** A service that is ready, and what it said. */
async function start(): Promise<{ child: ChildProcess; messages: ServiceMessage[] }> {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const messages: ServiceMessage[] = [];
  const ready = Promise.withResolvers<void>();
  child.on('message', (raw) => {
    const message = parseServiceMessage(raw);
    if (message === undefined) return;
    messages.push(message);
    if (message.type === 'ready') ready.resolve();
  });
  using limit = deadline(20_000, 'waiting for the service');
  await abortable(ready.promise, limit);
  return { child, messages };
}

async function endOf(child: ChildProcess): Promise<number | null> {
  using limit = deadline(20_000, 'waiting for the end of the service');
  const [code] = await abortable(once(child, 'close'), limit);
  return code;
}
