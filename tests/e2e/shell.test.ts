import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { capsule, client, commandEnvironment } from '../support/client.ts';
import { cliEntry } from '../support/wrenn-installation.ts';

/** `wrenn capsule shell` at a terminal of this machine, as a person sits at it. */
function sitDown(args: readonly string[]) {
  // Of the package bsdutils, which every Debian has: it makes a terminal and runs the command in it.
  const command = [process.execPath, cliEntry, 'capsule', 'shell', ...args].join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...commandEnvironment(), TERM: 'dumb', SHELL: '/bin/sh' },
  });
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
  });
  return {
    type: (text: string) => child.stdin.write(text),
    sees: (text: string) => expect.poll(() => screen).toContain(text),
    screen: () => screen,
    code: once(child, 'close').then(([code]) => Number(code)),
  };
}

it('a person types into a shell in a capsule, and gets its exit code', async () => {
  await using on = await capsule();
  const shell = sitDown([on.id]);
  await shell.sees('$ ');
  shell.type('echo $((6 * 7)); tty; exit 9\r');
  expect(await shell.code).toBe(9);
  expect(shell.screen()).toMatch(/\n42\r+\n/);
  expect(shell.screen()).toContain('/dev/pts/');
});

it('a shell that was left with Ctrl-] goes on, and is there again', async () => {
  await using on = await capsule();
  const shell = sitDown([on.id]);
  await shell.sees('$ ');
  shell.type('word=kept\r');
  await shell.sees('word=kept');
  shell.type('\u001d');
  expect(await shell.code).toBe(0);
  const tag = /--attach (\S+)/.exec(shell.screen())?.[1] ?? '';
  expect(await client().processes.list(on.id)).toMatchObject([{ tag }]);
  const again = sitDown(['--attach', tag, on.id]);
  await again.sees('word=kept');
  again.type('echo it is $word; exit\r');
  expect(await again.code).toBe(0);
  expect(again.screen()).toMatch(/it is kept\r+\n/);
});
