import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describeUnless } from '@wrenn/testkit/describe-unless';
import { expect, it } from 'vitest';

const autogroup = '/proc/self/autogroup';
const missing = existsSync(autogroup) ? undefined : 'the kernel has no autogroups';
const program = fileURLToPath(new URL('testing/put-first-program.ts', import.meta.url));

const run = (how: 'in its own session' | 'in this session') =>
  text(
    spawn(process.execPath, [program], {
      detached: how === 'in its own session',
      stdio: ['ignore', 'pipe', 'inherit'],
    }).stdout,
  );

describeUnless(missing, 'a process that is put first', () => {
  it('takes its session with it', async () => {
    expect(await run('in its own session')).toMatch(/ nice -10\n$/);
  });

  it('leaves a session that is not its own as it is', async () => {
    const before = readFileSync(autogroup, 'utf8');
    expect(await run('in this session')).toBe(before);
    expect(readFileSync(autogroup, 'utf8')).toBe(before);
  });
});
