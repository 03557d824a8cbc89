import { existsSync } from 'node:fs';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { openTerminal } from '../testing/open-terminal.ts';
import { StartedProcess } from '../testing/started-process.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

const size = { cols: 80, rows: 24 };
type Options = Parameters<typeof openTerminal>[2];
const open = (words: readonly string[], options?: Options) => openTerminal(envd.processes, words, options);
const sh = (script: string, options?: Options) => open(['sh', '-c', script], options);
const refused = (code: Code) => expect.objectContaining({ code });
const basic = (user: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:`).toString('base64')}`,
});

test('a program in a terminal has it as its controlling terminal, at the ID that was told', async () => {
  const terminal = await sh('tty; echo pid $$; cut -d " " -f 6,8 /proc/$$/stat; echo hello >/dev/tty');
  const { pty, stdout, end, numbers } = await terminal.rest();
  const [tty, pid, ids, hello] = pty.toString().split('\r\n');
  expect(tty).toMatch(/^\/dev\/pts\/\d+$/);
  expect(pid).toBe(`pid ${terminal.pid}`);
  expect(ids?.trim().split(/ +/)).toStrictEqual([String(terminal.pid), String(terminal.pid)]);
  expect(hello).toBe('hello');
  expect(stdout.length).toBe(0);
  expect(numbers[0]).toBe(1);
  expect(end).toMatchObject({ exitCode: 0, exited: true });
});

test('nothing of the daemon is open in the program', async () => {
  const { pty } = await (await open(['ls', '-1', '/proc/self/fd'])).rest();
  expect(pty.toString()).toBe('0\r\n1\r\n2\r\n3\r\n');
});

test('the exit code and a signal are told as of any process', async () => {
  expect((await (await sh('exit 42')).rest()).end).toMatchObject({ exitCode: 42, exited: true });
  const killed = await sh('sleep 1000');
  await killed.kill();
  expect((await killed.rest()).end).toMatchObject({ exitCode: 137, exited: false });
});

test('a command that does not exist, or cannot be run, does not end well', async () => {
  for (const cmd of ['no-such-command', '/no/such/command', '--help']) {
    const { end, numbers } = await (await open([cmd])).rest();
    expect(end).toMatchObject({ exitCode: 127, exited: true, error: `${cmd}: command not found` });
    expect(numbers).toStrictEqual([]);
  }
  expect((await (await open(['/etc/passwd'])).rest()).end.exitCode).toBe(126);
  expect((await (await open(['/etc'])).rest()).end.exitCode).toBe(126);
});

test.each([
  [{ cols: 91, rows: 23 }, '23 91'],
  [{}, '24 80'],
  [{ cols: 0, rows: 50 }, '50 80'],
  [{ cols: 65_535, rows: 1 }, '1 65535'],
])('a terminal of %j has %s', async (wanted, shown) => {
  const { pty } = await (await open(['stty', 'size'], { size: wanted })).rest();
  expect(pty.toString().trim()).toBe(shown);
});

test('a size that no terminal can have is refused', async () => {
  for (const wanted of [
    { cols: 65_536, rows: 24 },
    { cols: 80, rows: 4_294_967_295 },
  ]) {
    await expect(open(['true'], { size: wanted })).rejects.toThrow(refused(Code.InvalidArgument));
  }
});

test('what is typed is read, echoed, and its end is Ctrl-D', async () => {
  const terminal = await open(['cat']);
  await terminal.type('žluť🐴\n');
  await terminal.type('\x04');
  const { pty, end } = await terminal.rest();
  expect(pty.toString()).toBe('žluť🐴\r\nžluť🐴\r\n');
  expect(end.exitCode).toBe(0);
});

test('the line editor deletes whole letters', async () => {
  const terminal = await sh('read -r line; printf %s "$line" | od -An -tx1');
  await terminal.type('až\x7f\n');
  expect((await terminal.rest()).pty.toString()).toMatch(/ 61\r\n$/);
});

test('an interrupt key ends what runs', async () => {
  const terminal = await sh('echo ready; exec sleep 1000');
  await terminal.shows('ready');
  await terminal.type('\x03');
  expect((await terminal.rest()).end).toMatchObject({ exitCode: 130, status: 'signal: interrupt' });
});

test('a new size reaches the program, and the last of many stays', async () => {
  const terminal = await sh(`trap 'echo changed' WINCH; echo ready; until read -r _; do :; done; stty size`);
  await terminal.shows('ready');
  await envd.processes.update({ ...terminal.selector, pty: { size: { cols: 101, rows: 33 } } });
  await terminal.shows('changed');
  for (let cols = 1; cols <= 120; cols++) {
    await envd.processes.update({ ...terminal.selector, pty: { size: { cols, rows: 40 } } });
  }
  await terminal.type('\n');
  expect((await terminal.rest()).pty.toString()).toContain('40 120');
});

test('who connects is told the size first, and each that comes; who started it only those', async () => {
  const terminal = await open(['cat']);
  const viewer = await terminal.connect();
  expect(await viewer.next()).toMatchObject({ case: 'size', value: size });
  const wider = { cols: 132, rows: 43 };
  await envd.processes.update({ ...terminal.selector, pty: { size: wider } });
  expect(await viewer.next()).toMatchObject({ case: 'size', value: wider });
  expect(await terminal.next()).toMatchObject({ case: 'size', value: wider });
  await terminal.type('\x04');
  expect((await viewer.rest()).end.exitCode).toBe(0);
});

test('a size is refused where there is none, where it is none, and where there is no terminal', async () => {
  const terminal = await open(['sleep', '1000']);
  for (const pty of [
    undefined,
    {},
    { size: {} },
    { size: { cols: 80, rows: 0 } },
    { size: { cols: 65_536, rows: 1 } },
  ]) {
    await expect(
      envd.processes.update({ ...terminal.selector, ...(pty && { pty }) }),
      JSON.stringify(pty),
    ).rejects.toThrow(refused(Code.InvalidArgument));
  }
  await terminal.kill();
  await terminal.rest();
  await expect(envd.processes.update({ ...terminal.selector, pty: { size } })).rejects.toThrow(
    refused(Code.NotFound),
  );
  const command = await StartedProcess.run(envd.processes, 'sleep', '1000');
  await expect(envd.processes.update({ ...command.selector, pty: { size } })).rejects.toThrow(
    refused(Code.FailedPrecondition),
  );
  await command.kill();
  await command.rest();
});

test('standard input is refused by a terminal', async () => {
  const terminal = await open(['sleep', '1000']);
  const input = { input: { input: { case: 'stdin', value: new Uint8Array([1]) } } } as const;
  const precondition = refused(Code.FailedPrecondition);
  await expect(envd.processes.sendInput({ ...terminal.selector, ...input })).rejects.toThrow(precondition);
  await expect(envd.processes.closeStdin(terminal.selector)).rejects.toThrow(precondition);
  await terminal.kill();
  await terminal.rest();
});

test('what a program wrote last is there, also when it leaves others in its terminal', async () => {
  const script = "trap '' HUP; (trap '' HUP; exec sleep 1000) & echo $!; head -c 100000 /dev/zero; echo last";
  const terminal = await sh(script);
  const { pty, end } = await terminal.rest();
  process.kill(Number.parseInt(pty.toString(), 10), 'SIGKILL');
  expect(pty.subarray(-6).toString()).toBe('last\r\n');
  expect(end.exitCode).toBe(0);
});

test('another reader sees what was shown since it left', async () => {
  const first = await sh('echo one; read -r _; echo two');
  await first.shows('one\r\n');
  const second = await first.connect(1n);
  await first.type('\n');
  expect((await second.rest()).pty.toString()).toBe('one\r\n\r\ntwo\r\n');
});

test("a terminal is its user's, and nobody else reads it", async () => {
  const terminal = await sh('stat -c "%U %a" "$(tty)"; id -un; : >/dev/tty && echo writable', {
    headers: basic('daemon'),
  });
  const { pty } = await terminal.rest();
  expect(pty.toString()).toBe('daemon 620\r\ndaemon\r\nwritable\r\n');
});

test("a call's deadline ends a terminal with what runs in it", async () => {
  const terminal = await sh('echo $$; sleep 1000', { headers: { 'connect-timeout-ms': '3000' } });
  await terminal.shows('\n');
  await expect(terminal.next()).rejects.toThrow(refused(Code.DeadlineExceeded));
  expect(existsSync(`/proc/${terminal.pid}`)).toBe(false);
});
