import { CommandExitError, NotFoundError, type Sandbox, TimeoutError } from 'e2b';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalSandbox, startLocalSandbox } from './local-sandbox.ts';

let local: LocalSandbox;
let sandbox: Sandbox;
beforeAll(async () => {
  local = await startLocalSandbox();
  sandbox = local.sandbox;
});
afterAll(() => local[Symbol.asyncDispose]());

test('isRunning() is true', async () => {
  expect(await sandbox.isRunning()).toBe(true);
});

test('run() gives output, errors and exit code apart', async () => {
  const result = await sandbox.commands.run('echo out; echo err >&2');
  expect(result).toMatchObject({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
});

test('run() throws what a command that fails wrote', async () => {
  const failed = sandbox.commands.run('echo before; exit 3');
  await expect(failed).rejects.toThrow(CommandExitError);
  await expect(failed).rejects.toMatchObject({ exitCode: 3, stdout: 'before\n' });
});

test('run() takes variables, folder and callbacks', async () => {
  const pieces: string[] = [];
  const { stdout } = await sandbox.commands.run('echo "$COLOUR in $PWD"', {
    envs: { COLOUR: 'green' },
    cwd: local.folder,
    onStdout: (piece) => void pieces.push(piece),
  });
  expect(stdout).toBe(`green in ${local.folder}\n`);
  expect(pieces.join('')).toBe(stdout);
});

test('run() as another user is that user, with the home of it', async () => {
  const { stdout } = await sandbox.commands.run('id -un; echo $HOME', { user: 'daemon', cwd: '/' });
  expect(stdout).toBe('daemon\n/usr/sbin\n');
});

test('run() as nobody known is refused', async () => {
  await expect(sandbox.commands.run('true', { user: 'no-such-user' })).rejects.toThrow(
    "invalid username: 'no-such-user'",
  );
});

test('run() in a folder that is not there is refused', async () => {
  await expect(sandbox.commands.run('true', { cwd: '/no/such/folder' })).rejects.toThrow('/no/such/folder');
});

test('run() carries every letter', async () => {
  const text = 'žluťoučký kůň 🐴 漢字';
  expect((await sandbox.commands.run(`printf '%s' '${text}'`)).stdout).toBe(text);
});

test('run() whose time is over throws, and the process is gone', async () => {
  const late = sandbox.commands.run('echo $$; exec sleep 600', { timeoutMs: 700 });
  await expect(late).rejects.toThrow(TimeoutError);
  await expect
    .poll(async () => (await sandbox.commands.list()).filter(({ args }) => args.join().includes('600')))
    .toStrictEqual([]);
});

test('a command in the background is listed, and gone once killed', async () => {
  const handle = await sandbox.commands.run('exec sleep 601', { background: true });
  const ended = expect(handle.wait()).rejects.toThrow(CommandExitError);
  expect(await sandbox.commands.list()).toContainEqual(
    expect.objectContaining({ pid: handle.pid, cmd: '/bin/bash', args: ['-l', '-c', 'exec sleep 601'] }),
  );
  expect(await sandbox.commands.kill(handle.pid)).toBe(true);
  await ended;
  expect((await sandbox.commands.list()).map(({ pid }) => pid)).not.toContain(handle.pid);
  expect(await sandbox.commands.kill(handle.pid)).toBe(false);
});

test("a handle's kill() ends its command", async () => {
  const handle = await sandbox.commands.run('exec sleep 602', { background: true });
  const ended = expect(handle.wait()).rejects.toThrow(CommandExitError);
  expect(await handle.kill()).toBe(true);
  await ended;
});

test('what is sent to standard input is read, and its end is seen', async () => {
  const handle = await sandbox.commands.run('cat', { background: true, stdin: true });
  await sandbox.commands.sendStdin(handle.pid, 'one ');
  await handle.sendStdin(new TextEncoder().encode('two'));
  await sandbox.commands.closeStdin(handle.pid);
  expect(await handle.wait()).toMatchObject({ exitCode: 0, stdout: 'one two' });
});

test('without standard input its end is there at once', async () => {
  expect((await sandbox.commands.run('cat; echo over', { stdin: false })).stdout).toBe('over\n');
});

test('a client that leaves does not end the command, and another one gets on', async () => {
  const go = `${local.folder}/go`;
  const first = await sandbox.commands.run(`while [ ! -e ${go} ]; do sleep 0.05; done; echo on; exit 4`, {
    background: true,
  });
  await first.disconnect();
  const second = await sandbox.commands.connect(first.pid);
  await sandbox.files.write(go, '');
  await expect(second.wait()).rejects.toMatchObject({ exitCode: 4, stdout: 'on\n' });
});

test('connect() to a command that has just ended gives its end', async () => {
  const handle = await sandbox.commands.run('echo done', { background: true });
  await handle.wait();
  const again = await sandbox.commands.connect(handle.pid);
  expect((await again.wait()).exitCode).toBe(0);
});

test('connect() and sendStdin() to nobody are not found', async () => {
  await expect(sandbox.commands.connect(4_000_000)).rejects.toThrow(NotFoundError);
  await expect(sandbox.commands.sendStdin(4_000_000, 'x')).rejects.toThrow(NotFoundError);
});

test('a process that a command leaves behind does not hold its end up', async () => {
  const { stdout } = await sandbox.commands.run('sleep 2 & echo started');
  expect(stdout).toBe('started\n');
});

test('a megabyte of output arrives whole', async () => {
  const { stdout } = await sandbox.commands.run("head -c 1000000 /dev/zero | tr '\\0' x");
  expect(stdout).toBe('x'.repeat(1_000_000));
});

test('twenty commands at once keep their outputs apart', async () => {
  const numbers = Array.from({ length: 20 }, (_, number) => number);
  const results = await Promise.all(
    numbers.map((number) => sandbox.commands.run(`for i in 1 2 3; do echo ${number}; done`)),
  );
  expect(results.map(({ stdout }) => stdout)).toStrictEqual(numbers.map((number) => `${number}\n`.repeat(3)));
});
