import { readFileSync } from 'node:fs';
import { Code } from '@connectrpc/connect';
import { systemCode } from '@wrenn/core';
import { Signal } from '@wrenn/protocol/process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { collect, runCommand } from '../testing/run-command.ts';
import { byPid, eventually, StartedProcess } from '../testing/started-process.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

const run = (...words: string[]) => StartedProcess.run(envd.processes, ...words);
const start = (args: readonly string[], options: Parameters<typeof StartedProcess.start>[2]) =>
  StartedProcess.start(
    envd.processes,
    { process: { cmd: args[0] ?? '', args: args.slice(1) }, stdin: false },
    options,
  );
const listed = async (pid: number) =>
  (await envd.processes.list({})).processes.some((process) => process.pid === pid);
const readProc = (pid: number, name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');

/** An orphan that has ended is not: whoever takes orphans in here, or does not, is no part of the daemon. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readProc(pid, 'status'));
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ESRCH') return false;
    throw thrown;
  }
}

test('a reader that stops reading holds the process up, not the memory of the daemon', async () => {
  const total = 100 * 1024 * 1024;
  await runCommand(envd.processes, 'head', ['-c', '5000000', '/dev/zero']);
  const before = envd.peakMemoryMiB();
  const process = await run('head', '-c', String(total), '/dev/zero');
  // Nothing is read here: the process must come to stand with most of its output unwritten.
  const written = () => Number(/wchar: (\d+)/.exec(readProc(process.pid, 'io'))?.[1]);
  const isBlocked = () => /pipe_write|wait/.test(readProc(process.pid, 'wchan'));
  await eventually(isBlocked, 'waiting for the process to be held up');
  expect(written()).toBeLessThan(total / 2);
  const { stdout, end, gaps } = await process.rest();
  expect(stdout.length).toBe(total);
  expect(gaps).toStrictEqual([]);
  expect(end.exitCode).toBe(0);
  expect(envd.peakMemoryMiB() - before).toBeLessThan(100);
});

test('a client that goes away leaves the process running, and its output flowing', async () => {
  const leaving = new AbortController();
  const process = await start(['sh', '-c', 'head -c 20000000 /dev/zero; exec sleep 1000'], {
    signal: leaving.signal,
  });
  leaving.abort();
  await eventually(
    () => readProc(process.pid, 'cmdline').startsWith('sleep'),
    'waiting for the output to be drained',
  );
  expect(await listed(process.pid)).toBe(true);
  await process.kill();
  await eventually(async () => !(await listed(process.pid)), 'waiting for the process to end');
});

test("a call's deadline ends the process and its group, after the output until then", async () => {
  const process = await start(['sh', '-c', 'echo partial; sleep 1000 & wait'], {
    headers: { 'connect-timeout-ms': '3000' },
  });
  const other = await process.connect();
  expect(await process.shows('partial')).toBe('partial\n');
  await expect(process.next()).rejects.toThrow(expect.objectContaining({ code: Code.DeadlineExceeded }));
  expect(isAlive(process.pid)).toBe(false);
  expect(await listed(process.pid)).toBe(false);
  // To a reader whose time it was not, this is an end.
  expect((await other.rest()).end).toMatchObject({ exitCode: 137, exited: false, status: 'signal: killed' });
});

test('the deadline holds for a process whose client has gone', async () => {
  const leaving = new AbortController();
  const { pid } = await start(['sleep', '1000'], {
    signal: leaving.signal,
    headers: { 'connect-timeout-ms': '3000' },
  });
  leaving.abort();
  await eventually(async () => !(await listed(pid)), 'waiting for the process to be killed');
});

test('a time of 0 is no limit, and one that no timer can hold is none either', async () => {
  for (const value of ['0', '9999999999']) {
    const process = await StartedProcess.start(
      envd.processes,
      { process: { cmd: 'cat' } },
      { headers: { 'connect-timeout-ms': value } },
    );
    await envd.processes.closeStdin(process.selector);
    expect((await process.rest()).end.exitCode).toBe(0);
  }
});

test('a process is known by its tag, and is gone from the list before its end is told', async () => {
  const stream = envd.processes.start({
    process: { cmd: 'sleep', args: ['1000'], envs: { A: 'b' }, cwd: '/' },
    tag: 'mine',
    stdin: false,
  });
  const result = collect(stream);
  await eventually(async () => (await envd.processes.list({})).processes.length > 0, 'waiting for the start');
  expect((await envd.processes.list({})).processes).toMatchObject([
    { tag: 'mine', config: { cmd: 'sleep', args: ['1000'], envs: { A: 'b' }, cwd: '/' } },
  ]);
  const byTag = { process: { selector: { case: 'tag', value: 'mine' } } } as const;
  await envd.processes.sendSignal({ ...byTag, signal: Signal.SIGTERM });
  expect((await result).end).toMatchObject({ exitCode: 143, exited: false, status: 'signal: terminated' });
  await expect(envd.processes.sendSignal({ ...byTag, signal: Signal.SIGTERM })).rejects.toThrow(
    expect.objectContaining({ code: Code.NotFound }),
  );
});

test('a signal reaches the process that was started, whatever holds its output open', async () => {
  const started = await run('sh', '-c', 'sleep 1000 & echo $!; wait');
  const left = Number(await started.shows('\n'));
  await started.kill();
  expect((await started.rest()).end.exitCode).toBe(137);
  expect(isAlive(left)).toBe(true);
  process.kill(left, 'SIGKILL');
});

test('a process can be killed with everything that it has started', async () => {
  const started = await run('sh', '-c', 'sleep 1000 & echo $!; wait');
  const child = Number(await started.shows('\n'));
  const everything = { ...started.selector, withAllItStarted: true };
  await expect(envd.processes.sendSignal({ ...everything, signal: Signal.SIGTERM })).rejects.toThrow(
    expect.objectContaining({ code: Code.InvalidArgument }),
  );
  expect([started.pid, child].every(isAlive)).toBe(true);
  await envd.processes.sendSignal({ ...everything, signal: Signal.SIGKILL });
  expect((await started.rest()).end).toMatchObject({ exitCode: 137, exited: false });
  await eventually(() => !isAlive(child), 'waiting for the child to be gone');
});

test.each([34, 64])(
  'a process that real-time signal %i ended is not reported as a success',
  async (signal) => {
    const { end } = await runCommand(envd.processes, 'bash', ['-c', `kill -${signal} $$`]);
    expect(end).toMatchObject({
      exitCode: 128 + signal,
      exited: false,
      status: `signal: signal ${signal}`,
    });
  },
);

test('only two signals can be sent', async () => {
  const process = await run('sleep', '1000');
  for (const signal of [Signal.UNSPECIFIED, 1]) {
    await expect(envd.processes.sendSignal({ ...process.selector, signal })).rejects.toThrow(
      expect.objectContaining({ code: Code.InvalidArgument }),
    );
  }
  await process.kill();
  await process.rest();
});

test('silence is broken by keep-alive events as often as was asked', async () => {
  const process = await start(['sleep', '1000'], { headers: { 'keepalive-ping-interval': '1' } });
  expect(await process.next()).toMatchObject({ case: 'keepalive' });
  await process.kill();
  await process.rest();
});

test('methods that name nobody say so', async () => {
  const { processes } = envd;
  const input = { input: { case: 'stdin', value: new Uint8Array([1]) } } as const;
  const pty = { size: { cols: 80, rows: 24 } };
  const calls = (selector: Partial<ReturnType<typeof byPid>>) => [
    () => processes.sendInput({ ...selector, input }),
    () => processes.closeStdin(selector),
    () => processes.sendSignal({ ...selector, signal: Signal.SIGTERM }),
    () => processes.update({ ...selector, pty }),
    () => StartedProcess.of(processes, processes.connect(selector)),
  ];
  for (const [selector, code] of [
    [{}, Code.InvalidArgument],
    [byPid(4_000_000), Code.NotFound],
    [byPid(envd.pid), Code.NotFound],
  ] as const) {
    for (const call of calls(selector)) {
      await expect(call()).rejects.toThrow(expect.objectContaining({ code }));
    }
  }
});
