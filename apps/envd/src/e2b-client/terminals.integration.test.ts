import type { CommandHandle, Sandbox } from 'e2b';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalSandbox, startLocalSandbox } from './local-sandbox.ts';

let local: LocalSandbox;
let sandbox: Sandbox;
beforeAll(async () => {
  local = await startLocalSandbox();
  sandbox = local.sandbox;
});
afterAll(() => local[Symbol.asyncDispose]());

/** What a terminal has shown so far, and a wait for more. */
class Screen {
  #text = '';
  readonly #decoder = new TextDecoder();
  readonly onData = (bytes: Uint8Array) => {
    this.#text += this.#decoder.decode(bytes, { stream: true });
  };

  async shows(what: string | RegExp): Promise<void> {
    await expect.poll(() => this.#text).toMatch(what);
  }
}
const bytes = (text: string) => new TextEncoder().encode(text);
const exit = async (terminal: CommandHandle) => {
  await sandbox.pty.sendInput(terminal.pid, bytes('exit 0\n'));
  return await terminal.wait();
};

test('create() gives a shell of the size, folder and variables that were asked for', async () => {
  const screen = new Screen();
  const terminal = await sandbox.pty.create({
    cols: 91,
    rows: 23,
    cwd: local.folder,
    envs: { COLOUR: 'green' },
    onData: screen.onData,
  });
  await sandbox.pty.sendInput(terminal.pid, bytes('stty size; tty; echo "$TERM $COLOUR $PWD"\n'));
  await screen.shows('23 91');
  await screen.shows(/\/dev\/pts\/\d+/);
  await screen.shows(`xterm-256color green ${local.folder}`);
  expect((await exit(terminal)).exitCode).toBe(0);
});

test('resize() reaches the program in it', async () => {
  const screen = new Screen();
  const terminal = await sandbox.pty.create({ cols: 80, rows: 24, onData: screen.onData });
  await sandbox.pty.sendInput(terminal.pid, bytes("trap 'stty size' WINCH; echo re''ady\n"));
  await screen.shows('ready');
  await sandbox.pty.resize(terminal.pid, { cols: 101, rows: 33 });
  await sandbox.pty.sendInput(terminal.pid, bytes('\n'));
  await screen.shows('33 101');
  await exit(terminal);
});

test('an interrupt key ends what runs in the foreground, and the shell goes on', async () => {
  const screen = new Screen();
  const terminal = await sandbox.pty.create({ cols: 80, rows: 24, onData: screen.onData });
  // Said by the program itself, which has the terminal by then; before that a key would be the shell's own.
  await sandbox.pty.sendInput(terminal.pid, bytes(`sh -c 'echo sta""rted; exec sleep 600'\n`));
  await screen.shows('started');
  await sandbox.pty.sendInput(terminal.pid, bytes('\x03'));
  await sandbox.pty.sendInput(terminal.pid, bytes('echo still h""ere\n'));
  await screen.shows('still here');
  await exit(terminal);
});

test('connect() sees what is shown from then on', async () => {
  const first = await sandbox.pty.create({ cols: 80, rows: 24, onData: () => undefined });
  await first.disconnect();
  const screen = new Screen();
  const second = await sandbox.pty.connect(first.pid, { onData: screen.onData });
  await sandbox.pty.sendInput(second.pid, bytes('echo ag""ain\n'));
  await screen.shows('again');
  await exit(second);
});

test('kill() ends it, and is false the second time', async () => {
  const terminal = await sandbox.pty.create({ cols: 80, rows: 24, onData: () => undefined });
  const ended = expect(terminal.wait()).rejects.toMatchObject({ exitCode: 137 });
  expect(await sandbox.pty.kill(terminal.pid)).toBe(true);
  await ended;
  expect(await sandbox.pty.kill(terminal.pid)).toBe(false);
});

test('a terminal of another user belongs to that user', async () => {
  const screen = new Screen();
  const terminal = await sandbox.pty.create({
    cols: 80,
    rows: 24,
    user: 'daemon',
    cwd: '/',
    onData: screen.onData,
  });
  await sandbox.pty.sendInput(terminal.pid, bytes('stat -c "%U is $(id -un)" $(tty)\n'));
  await screen.shows('daemon is daemon');
  await exit(terminal);
});
