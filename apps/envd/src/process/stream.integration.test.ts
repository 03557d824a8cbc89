import { existsSync, readFileSync } from 'node:fs';
import { Code } from '@connectrpc/connect';
import { deadline, until } from '@wrenn/core';
import { Signal, type StartResponse } from '@wrenn/protocol/process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { collect, runCommand } from '../testing/run-command.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

const eventually = async (condition: () => boolean | Promise<boolean>, what: string) => {
  using limit = deadline(20_000, what);
  await until(async () => ((await condition()) ? true : undefined), 20, limit);
};
const listed = async (pid: number) =>
  (await envd.processes.list({})).processes.some((process) => process.pid === pid);
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);
const byPid = (value: number) => ({ process: { selector: { case: 'pid', value } } }) as const;

/** Starts a command and hands its stream over right after the start event. */
async function started(
  args: readonly string[],
  { stdin = false, signal, headers = {} }: StartedOptions = {},
): Promise<{ pid: number; events: AsyncIterator<StartResponse> }> {
  const [cmd = '', ...rest] = args;
  const stream = envd.processes.start(
    { process: { cmd, args: rest }, stdin },
    { headers, ...(signal === undefined ? {} : { signal }) },
  );
  const events = stream[Symbol.asyncIterator]();
  const first = await events.next();
  const event = first.done ? undefined : first.value.event?.event;
  if (event?.case !== 'start') throw new Error('the first event is not the start');
  return { pid: event.value.pid, events };
}
interface StartedOptions {
  readonly stdin?: boolean;
  readonly signal?: AbortSignal;
  readonly headers?: Record<string, string>;
}

async function rest(pid: number, events: AsyncIterator<StartResponse>) {
  async function* all(): AsyncGenerator<StartResponse> {
    const start = { $typeName: 'process.ProcessEvent.StartEvent', pid } as const;
    const event = { $typeName: 'process.ProcessEvent', event: { case: 'start', value: start } } as const;
    yield { $typeName: 'process.StartResponse', event };
    yield* { [Symbol.asyncIterator]: () => events };
  }
  return await collect(all());
}

test('a reader that stops reading holds the process up, not the memory of the daemon', async () => {
  const total = 100 * 1024 * 1024;
  await runCommand(envd.processes, 'head', ['-c', '5000000', '/dev/zero']);
  const before = envd.peakMemoryMiB();
  const { pid, events } = await started(['head', '-c', String(total), '/dev/zero']);
  // Nothing is read here: the process must come to stand with most of its output unwritten.
  const written = () => Number(/wchar: (\d+)/.exec(readProc(pid, 'io'))?.[1]);
  const isBlocked = () => /pipe_write|wait/.test(readProc(pid, 'wchan'));
  await eventually(isBlocked, 'waiting for the process to be held up');
  expect(written()).toBeLessThan(total / 2);
  const { stdout, end } = await rest(pid, events);
  expect(stdout.length).toBe(total);
  expect(end.exitCode).toBe(0);
  expect(envd.peakMemoryMiB() - before).toBeLessThan(100);
});

test('a client that goes away leaves the process running, and its output flowing', async () => {
  const leaving = new AbortController();
  const { pid } = await started(['sh', '-c', 'head -c 20000000 /dev/zero; exec sleep 1000'], {
    signal: leaving.signal,
  });
  leaving.abort();
  await eventually(
    () => readProc(pid, 'cmdline').startsWith('sleep'),
    'waiting for the output to be drained',
  );
  expect(await listed(pid)).toBe(true);
  await envd.processes.sendSignal({ ...byPid(pid), signal: Signal.SIGKILL });
  await eventually(async () => !(await listed(pid)), 'waiting for the process to end');
});

test("a call's deadline ends the process and its group, after the output until then", async () => {
  const { pid, events } = await started(['sh', '-c', 'echo partial; sleep 1000 & wait'], {
    headers: { 'connect-timeout-ms': '1000' },
  });
  const output = await events.next();
  expect(output.value?.event?.event).toMatchObject({ case: 'data', value: { output: { case: 'stdout' } } });
  await expect(events.next()).rejects.toThrow(expect.objectContaining({ code: Code.DeadlineExceeded }));
  expect(isAlive(pid)).toBe(false);
  expect(await listed(pid)).toBe(false);
});

test('the deadline holds for a process whose client has gone', async () => {
  const leaving = new AbortController();
  const { pid } = await started(['sleep', '1000'], {
    signal: leaving.signal,
    headers: { 'connect-timeout-ms': '1000' },
  });
  leaving.abort();
  await eventually(async () => !(await listed(pid)), 'waiting for the process to be killed');
});

test('a time of 0 is no limit, and one that no timer can hold is none either', async () => {
  for (const value of ['0', '9999999999']) {
    const { pid, events } = await started(['cat'], {
      stdin: true,
      headers: { 'connect-timeout-ms': value },
    });
    await envd.processes.closeStdin(byPid(pid));
    expect((await rest(pid, events)).end.exitCode).toBe(0);
  }
});

test('input arrives byte for byte, and the end of input when it is closed', async () => {
  const { pid, events } = await started(['cat'], { stdin: true });
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 256));
  const result = rest(pid, events);
  await envd.processes.sendInput({
    ...byPid(pid),
    input: { input: { case: 'stdin', value: bytes } },
  });
  await envd.processes.closeStdin(byPid(pid));
  expect((await result).stdout.equals(bytes)).toBe(true);
});

test('input is refused where there is none, where it is closed, and where it is for a terminal', async () => {
  const input = { input: { input: { case: 'stdin', value: new Uint8Array([1]) } } } as const;
  const refused = expect.objectContaining({ code: Code.FailedPrecondition });
  const without = await started(['sleep', '1000']);
  await expect(envd.processes.sendInput({ ...byPid(without.pid), ...input })).rejects.toThrow(refused);
  await expect(envd.processes.closeStdin(byPid(without.pid))).rejects.toThrow(refused);
  await envd.processes.sendSignal({ ...byPid(without.pid), signal: Signal.SIGTERM });
  await rest(without.pid, without.events);

  const deaf = await started(['sh', '-c', 'exec 0<&-; echo closed; exec sleep 1000'], { stdin: true });
  await deaf.events.next();
  await expect(envd.processes.sendInput({ ...byPid(deaf.pid), ...input })).rejects.toThrow(refused);
  const terminal = { input: { input: { case: 'pty', value: new Uint8Array([1]) } } } as const;
  await expect(envd.processes.sendInput({ ...byPid(deaf.pid), ...terminal })).rejects.toThrow(refused);
  await envd.processes.sendSignal({ ...byPid(deaf.pid), signal: Signal.SIGTERM });
  await rest(deaf.pid, deaf.events);
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
  const { pid, events } = await started(['sh', '-c', 'sleep 1000 & echo $!; wait']);
  const sleeper = await events.next();
  await envd.processes.sendSignal({ ...byPid(pid), signal: Signal.SIGKILL });
  const { end } = await rest(pid, events);
  expect(end.exitCode).toBe(137);
  const output = sleeper.value?.event?.event;
  if (output?.case !== 'data' || output.value.output.case !== 'stdout') throw new Error('no process ID came');
  const left = Number(Buffer.from(output.value.output.value).toString());
  expect(isAlive(left)).toBe(true);
  process.kill(left, 'SIGKILL');
});

test('silence is broken by keep-alive events as often as was asked', async () => {
  const { pid, events } = await started(['sleep', '1000'], { headers: { 'keepalive-ping-interval': '1' } });
  const next = await events.next();
  expect(next.value?.event?.event.case).toBe('keepalive');
  await envd.processes.sendSignal({ ...byPid(pid), signal: Signal.SIGKILL });
  await rest(pid, events);
});

test('two hundred processes at once lose no end and no byte', async () => {
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      runCommand(envd.processes, 'sh', ['-c', `echo ${index}; exit ${index % 100}`]),
    ),
  );
  for (const [index, { stdout, end }] of results.entries()) {
    expect(stdout.toString()).toBe(`${index}\n`);
    expect(end.exitCode).toBe(index % 100);
  }
});

function readProc(pid: number, name: string): string {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8');
}
