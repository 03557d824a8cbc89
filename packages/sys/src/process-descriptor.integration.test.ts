import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pollDescriptors } from './poll.ts';
import { openProcess, signalProcess } from './process-descriptor.ts';

it('a descriptor of a process tells its end, and signals nobody else afterwards', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const pidfd = openProcess(child.pid ?? 0);
  try {
    expect(pollDescriptors([pidfd], 0)).toEqual([{ isReadable: false, isOver: false }]);
    signalProcess(pidfd, 'SIGKILL');
    expect(pollDescriptors([pidfd], 20_000)[0]?.isReadable).toBe(true);
    await once(child, 'exit');
    expect(() => signalProcess(pidfd, 'SIGKILL')).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  } finally {
    closeSync(pidfd);
  }
});

it('there is no descriptor of a process that is not there', () => {
  // Above the highest PID that a kernel gives.
  expect(() => openProcess(2 ** 30)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
});
