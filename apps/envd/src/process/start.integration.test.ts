import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadline, until } from '@wrenn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { runCommand } from '../testing/run-command.ts';

let envd: EnvdUnderTest;
let folder: string;
beforeAll(async () => {
  envd = await startEnvd();
  folder = mkdtempSync(join(tmpdir(), 'envd-start-'));
});
afterAll(async () => {
  await envd[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});
const sh = (script: string) => runCommand(envd.processes, 'sh', ['-c', script]);

describe.each(['json', 'binary'] as const)('with the %s codec', (codec) => {
  test('output arrives byte for byte, on the stream that it was written to', async () => {
    const bytes = randomBytes(300_000);
    writeFileSync(join(folder, codec), bytes);
    const result = await runCommand(envd.client({ codec }), 'sh', ['-c', `cat ${codec}; cat ${codec} >&2`], {
      cwd: folder,
    });
    expect(result.stdout.equals(bytes)).toBe(true);
    expect(result.stderr.equals(bytes)).toBe(true);
    expect(result.end).toMatchObject({ exitCode: 0, exited: true, status: 'exit status 0' });
  });
});

test.each([0, 1, 42, 126, 127, 255])('exit code %i is passed on', async (code) => {
  expect((await sh(`exit ${code}`)).end).toMatchObject({
    exitCode: code,
    exited: true,
    status: `exit status ${code}`,
  });
});

test('a signal that ends the process is not an exit', async () => {
  expect((await sh('kill -9 $$')).end).toMatchObject({
    exitCode: 137,
    exited: false,
    status: 'signal: killed',
  });
  expect((await sh('kill -TERM $$')).end).toMatchObject({ exitCode: 143, status: 'signal: terminated' });
});

test('a command that does not exist ends with 127, as in a shell', async () => {
  const { pid, end } = await runCommand(envd.processes, 'no-such-command');
  expect(pid).toBe(0);
  expect(end).toMatchObject({
    exitCode: 127,
    exited: true,
    status: 'exit status 127',
    error: 'no-such-command: command not found',
  });
});

test.each([
  ['a file without the right to execute', '/etc/passwd'],
  ['a folder', '/etc'],
])('%s ends with 126', async (_what, cmd) => {
  expect((await runCommand(envd.processes, cmd)).end).toMatchObject({
    exitCode: 126,
    error: `${cmd}: permission denied`,
  });
});

test('a script without a first line that says what runs it is run by sh', async () => {
  writeFileSync(join(folder, 'bare'), 'echo "$1"\n', { mode: 0o755 });
  const { stdout } = await runCommand(envd.processes, './bare', ['hello'], { cwd: folder });
  expect(stdout.toString()).toBe('hello\n');
});

test('a command is looked up along the PATH of its own environment, from its own folder', async () => {
  writeFileSync(join(folder, 'mine'), '#!/bin/sh\necho mine\n', { mode: 0o755 });
  const found = await runCommand(envd.processes, 'mine', [], { cwd: folder, envs: { PATH: '/bin:.' } });
  expect(found.stdout.toString()).toBe('mine\n');
  const missed = await runCommand(envd.processes, 'mine', [], { cwd: folder, envs: { PATH: '/bin' } });
  expect(missed.end.exitCode).toBe(127);
});

test('arguments reach the process as they are, without a shell', async () => {
  const args = ['', ' ', '$HOME', '`id`', "'", '"', '*', '\n', 'ü'];
  const { stdout } = await runCommand(envd.processes, 'printf', ['[%s]', ...args]);
  expect(stdout.toString()).toBe(args.map((arg) => `[${arg}]`).join(''));
});

test('the environment is exactly the base and what was asked for', async () => {
  const { stdout } = await runCommand(envd.processes, '/usr/bin/env', [], {
    envs: { GREETING: 'hello', PATH: '/x' },
  });
  expect(stdout.toString().trim().split('\n').toSorted()).toStrictEqual([
    'GREETING=hello',
    'HOME=/root',
    'LOGNAME=root',
    'PATH=/x',
    'USER=root',
  ]);
});

test('standard output and error can be opened by name, since they are pipes and not sockets', async () => {
  const { stdout, stderr } = await sh('echo out > /dev/stdout; echo err > /dev/stderr');
  expect(stdout.toString()).toBe('out\n');
  expect(stderr.toString()).toBe('err\n');
});

test('nothing of the daemon is open in the process', async () => {
  const { stdout } = await runCommand(envd.processes, 'ls', ['-1', '/proc/self/fd']);
  expect(stdout.toString()).toBe('0\n1\n2\n3\n');
});

test('what the process left behind does not hold the end up, and is not killed by it', async () => {
  execFileSync('mkfifo', [join(folder, 'go')]);
  const script = '(read -r _ < go; echo late; echo alive > alive) & echo now';
  const { stdout, end } = await runCommand(envd.processes, 'sh', ['-c', script], { cwd: folder });
  expect(stdout.toString()).toBe('now\n');
  expect(end.exitCode).toBe(0);
  writeFileSync(join(folder, 'go'), '\n');
  using limit = deadline(10_000, 'waiting for the process that was left behind');
  await until(() => existsSync(join(folder, 'alive')) || undefined, 20, limit);
});

test('without standard input the process reads an end of file', async () => {
  expect((await runCommand(envd.processes, 'wc', ['-c'])).stdout.toString().trim()).toBe('0');
});
