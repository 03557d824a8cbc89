import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { putBeforeOthers } from './priority.ts';

it('a process is put before others, and what it forks afterwards is not', async () => {
  const shell = spawn('sh', ['-c', 'read go; nice'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [lines, { pid = 0 }] = [createInterface(shell.stdout), shell];
  putBeforeOthers(pid, -10);
  expect(getPriority(pid)).toBe(-10);
  shell.stdin.end('go\n');
  expect(await once(lines, 'line')).toEqual(['0']);
});

it('a process that is not there cannot be put before others', () => {
  // Above the highest PID that a kernel gives.
  expect(() => putBeforeOthers(2 ** 30, -10)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
});
