import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { openTerminal } from '../testing/open-terminal.ts';
import { runCommand } from '../testing/run-command.ts';
import { eventually } from '../testing/started-process.ts';

let envd: EnvdUnderTest;
let folder: string;
beforeAll(async () => {
  envd = await startEnvd();
  folder = mkdtempSync(join(tmpdir(), 'envd-terminal-flow-'));
});
afterAll(async () => {
  await envd[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

type Options = Parameters<typeof openTerminal>[2];
const open = (words: readonly string[], options?: Options) => openTerminal(envd.processes, words, options);
const sh = (script: string, options?: Options) => open(['sh', '-c', script], options);
const raw = 'stty raw -echo; ';
test('5 MB of output arrive whole, as the terminal shows lines', async () => {
  const text = randomBytes(3_750_000).toString('base64').replaceAll(/.{76}/g, '$&\n');
  writeFileSync(join(folder, 'burst'), text);
  const { pty, gaps } = await (await open(['cat', 'burst'], { cwd: folder })).rest();
  expect(gaps).toStrictEqual([]);
  expect(pty.equals(Buffer.from(text.replaceAll('\n', '\r\n')))).toBe(true);
});

test('5 MB of any bytes arrive as they are, when the program asks for that', async () => {
  const bytes = randomBytes(5_000_000);
  writeFileSync(join(folder, 'bytes'), bytes);
  const { pty } = await (await sh(`${raw} exec cat bytes`, { cwd: folder })).rest();
  expect(pty.equals(bytes)).toBe(true);
});

test('a megabyte of input arrives whole and in its order, at the pace of the program', async () => {
  const bytes = randomBytes(1_000_000);
  const terminal = await sh(`${raw} echo ready; sleep 0.2; head -c 1000000 >typed; echo read`, {
    cwd: folder,
  });
  await terminal.shows('ready');
  const pieces = Array.from({ length: 20 }, (_, index) =>
    bytes.subarray(index * 50_000, (index + 1) * 50_000),
  );
  await Promise.all(pieces.map((piece) => terminal.type(piece)));
  await terminal.shows('read');
  expect(readFileSync(join(folder, 'typed')).equals(bytes)).toBe(true);
  expect((await terminal.rest()).end.exitCode).toBe(0);
});

test('input for a program that does not read is bounded, and others are served meanwhile', async () => {
  const terminal = await sh(`${raw} echo ready; exec sleep 1000`);
  await terminal.shows('ready');
  const chunk = Buffer.alloc(1_000_000);
  const calls = Array.from({ length: 12 }, () =>
    terminal.type(chunk).then(
      () => 'taken',
      (thrown: unknown) => (thrown instanceof Error && 'code' in thrown ? thrown.code : 'another fault'),
    ),
  );
  await Promise.race(calls);
  expect((await runCommand(envd.processes, 'echo', ['hello'])).stdout.toString()).toBe('hello\n');
  await terminal.kill();
  await terminal.rest();
  const outcomes = await Promise.all(calls);
  expect(outcomes).toContain(Code.ResourceExhausted);
  expect(outcomes).toContain(Code.FailedPrecondition);
  expect(outcomes).not.toContain('taken');
});

test('a reader that stops reading holds the program up and loses nothing', async () => {
  const terminal = await sh(`${raw} head -c 3000000 /dev/zero; echo over`);
  const isBlocked = () =>
    existsSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`) &&
    readFileSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`, 'utf8')
      .split(' ')
      .some((pid) => pid !== '' && /tty|wait_woken/.test(readWaitChannel(pid)));
  await eventually(isBlocked, 'waiting for the program to be held up');
  const { pty, gaps } = await terminal.rest();
  expect(gaps).toStrictEqual([]);
  expect(pty.length).toBe(3_000_005);
});

test('forty terminals at once are kept apart, and none is left open', async () => {
  const shown = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const terminal = await open(['cat']);
      await terminal.type(`${index}\n\x04`);
      return (await terminal.rest()).pty.toString();
    }),
  );
  expect(shown).toStrictEqual(Array.from({ length: 40 }, (_, index) => `${index}\r\n${index}\r\n`));
  await eventually(() => openTerminalsOf(envd.pid) === 0, 'waiting for the terminals to be closed');
});

function readWaitChannel(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/wchan`, 'utf8');
  } catch {
    // It has ended.
    return '';
  }
}

function openTerminalsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => readLink(join(folder, fd)).startsWith('/dev/pt')).length;
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // It was closed just now.
    return '';
  }
}
