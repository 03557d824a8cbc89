import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { runCommand } from '../testing/run-command.ts';
import { eventually, type Rest, StartedProcess } from '../testing/started-process.ts';

let envd: EnvdUnderTest;
let folder: string;
beforeAll(async () => {
  envd = await startEnvd();
  folder = mkdtempSync(join(tmpdir(), 'envd-connect-'));
});
afterAll(async () => {
  await envd[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const sh = (script: string) => StartedProcess.run(envd.processes, 'sh', '-c', script);
/** A file that a script waits for. */
function makeGate(name: string) {
  const path = join(folder, name);
  return { wait: `until [ -e ${path} ]; do sleep 0.02; done`, open: () => writeFileSync(path, '') };
}
const lines = (count: number) =>
  Array.from({ length: count }, (_, index) => `${String(index).padStart(9, '0')}\n`).join('');
const numbered = (count: number) =>
  `awk 'BEGIN { for (i = 0; i < ${count}; i++) printf "%09d\\n", i }' </dev/null`;
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const endOf = async (pid: number) =>
  await eventually(
    async () => (await envd.processes.list({})).processes.every((process) => process.pid !== pid),
    'waiting for the process to end',
  );

test('a second reader gets what comes from then on, and both get the end', async () => {
  const gate = makeGate('second');
  const first = await sh(`echo before; ${gate.wait}; echo after; exit 7`);
  expect(await first.shows('before')).toBe('before\n');
  const second = await first.connect();
  expect(second.pid).toBe(first.pid);
  gate.open();
  for (const { stdout, end } of [await first.rest(), await second.rest()]) {
    expect(stdout.toString()).toBe('after\n');
    expect(end.exitCode).toBe(7);
  }
});

test('frames of both streams are numbered together, from 1 on', async () => {
  // Each is written when the one before was seen, so that no two come as one.
  const gates = [makeGate('to-two'), makeGate('to-three')] as const;
  const process = await sh(`echo 1; ${gates[0].wait}; echo 2 >&2; ${gates[1].wait}; echo 3`);
  const frames: unknown[] = [];
  for (const open of [gates[0].open, gates[1].open, () => undefined]) {
    const event = await process.next();
    if (event?.case !== 'data') throw new Error(`${event?.case} is no output`);
    const { number, output } = event.value;
    frames.push([Number(number), output.case, Buffer.from(output.value ?? []).toString()]);
    open();
  }
  expect(frames).toStrictEqual([
    [1, 'stdout', '1\n'],
    [2, 'stderr', '2\n'],
    [3, 'stdout', '3\n'],
  ]);
  expect((await process.rest()).numbers).toStrictEqual([]);
});

test('a client that comes back with the last number that it saw misses nothing', async () => {
  const gate = makeGate('back');
  const leaving = new AbortController();
  const first = await StartedProcess.start(
    envd.processes,
    { process: { cmd: 'sh', args: ['-c', `${numbered(9_000)}; ${gate.wait}; ${numbered(40_000)}`] } },
    { signal: leaving.signal },
  );
  let seen = '';
  let last = 0n;
  while (seen.length < 20_000) {
    const event = await first.next();
    if (event?.case !== 'data' || event.value.output.case !== 'stdout') continue;
    seen += Buffer.from(event.value.output.value).toString();
    last = event.value.number;
  }
  leaving.abort();
  gate.open();
  const { stdout, numbers, gaps, end } = await (await first.connect(last + 1n)).rest();
  expect(gaps).toStrictEqual([]);
  expect(numbers[0]).toBe(Number(last) + 1);
  expect(seen + stdout.toString()).toBe(lines(9_000) + lines(40_000));
  expect(end.exitCode).toBe(0);
});

test('a reader that asks for what is not kept any more is told which frames are missing', async () => {
  const process = await sh(`${numbered(500_000)} >&2; exit 5`);
  // It holds up until somebody reads.
  await process.rest();
  const { gaps, numbers, stderr, end } = await (await process.connect(1n)).rest();
  const [gap] = gaps;
  expect(gaps).toHaveLength(1);
  expect(gap?.first).toBe(1);
  expect(numbers[0]).toBe((gap?.last ?? 0) + 1);
  expect(stderr.length).toBeGreaterThan(900_000);
  expect(lines(500_000).endsWith(stderr.toString())).toBe(true);
  expect(end.exitCode).toBe(5);
});

test('a slow reader beside a fast one is told of its gap and has all the rest', async () => {
  const gate = makeGate('slow');
  const total = 20_000_000;
  const fast = await sh(`${gate.wait}; head -c ${total} /dev/zero; echo over`);
  const slow = await fast.connect();
  gate.open();
  const whole = await fast.rest();
  expect(whole.stdout.length).toBe(total + 5);
  expect(whole.gaps).toStrictEqual([]);
  const part = await slow.rest();
  expect(part.gaps.length).toBeGreaterThan(0);
  expect(part.stdout.subarray(-5).toString()).toBe('over\n');
  expect(seenOrMissing(part)).toStrictEqual(whole.numbers);
});

test('without readers a process runs to its end, which can be seen for a while', async () => {
  const leaving = new AbortController();
  const { pid } = await StartedProcess.start(
    envd.processes,
    { process: { cmd: 'sh', args: ['-c', 'head -c 3000000 /dev/zero; echo done; exit 9'] } },
    { signal: leaving.signal },
  );
  leaving.abort();
  await endOf(pid);
  const process = { process: { selector: { case: 'pid', value: pid } } } as const;
  const late = await StartedProcess.of(envd.processes, envd.processes.connect(process));
  expect(await late.rest()).toMatchObject({ end: { exitCode: 9 }, numbers: [] });
  const whole = await (await late.connect(1n)).rest();
  expect(whole.stdout.subarray(-5).toString()).toBe('done\n');
  expect(whole.gaps[0]?.first).toBe(1);
});

test('an ended process is found by its tag, and a running one of the same tag before it', async () => {
  const tagged = (...args: string[]) =>
    StartedProcess.start(envd.processes, {
      process: { cmd: 'sh', args: ['-c', ...args] },
      tag: 'twice',
      stdin: false,
    });
  const byTag = { process: { selector: { case: 'tag', value: 'twice' } } } as const;
  const connect = async () => await StartedProcess.of(envd.processes, envd.processes.connect(byTag));
  const ended = await tagged('exit 3');
  await ended.rest();
  expect((await (await connect()).rest()).end.exitCode).toBe(3);
  const running = await tagged('exec sleep 1000');
  expect((await connect()).pid).toBe(running.pid);
  await running.kill();
  await running.rest();
});

test('numbers start again with 1 for a number that is 0, and none is given that does not exist yet', async () => {
  const process = await sh('echo 1');
  await process.rest();
  expect((await (await process.connect(0n)).rest()).numbers).toStrictEqual([1]);
  expect((await (await process.connect(2n)).rest()).numbers).toStrictEqual([]);
  for (const from of [3n, 2n ** 64n - 1n]) {
    await expect(process.connect(from)).rejects.toThrow(
      expect.objectContaining({ code: Code.InvalidArgument }),
    );
  }
});

test("a call's deadline ends the connection and not the process", async () => {
  const process = await sh('exec sleep 1000');
  const late = envd.processes.connect(process.selector, { headers: { 'connect-timeout-ms': '3000' } });
  const connected = await StartedProcess.of(envd.processes, late);
  await expect(connected.next()).rejects.toThrow(expect.objectContaining({ code: Code.DeadlineExceeded }));
  expect((await envd.processes.list({})).processes).toMatchObject([{ pid: process.pid }]);
  await process.kill();
  expect((await process.rest()).end.exitCode).toBe(137);
});

test('keep-alive events come to readers that connected, as often as each asked', async () => {
  const process = await sh('exec sleep 1000');
  const headers = { 'keepalive-ping-interval': '1' };
  const other = await StartedProcess.of(
    envd.processes,
    envd.processes.connect(process.selector, { headers }),
  );
  expect(await other.next()).toMatchObject({ case: 'keepalive' });
  await process.kill();
  await process.rest();
});

test('a command that could not be run is nobody to connect to', async () => {
  await runCommand(envd.processes, 'no-such-command');
  const selector = { process: { selector: { case: 'pid', value: 0 } } } as const;
  await expect(StartedProcess.of(envd.processes, envd.processes.connect(selector))).rejects.toThrow(
    expect.objectContaining({ code: Code.NotFound }),
  );
});

/** The numbers of all frames that a reader has had or was told to miss, in order. */
function seenOrMissing({ numbers, gaps }: Rest): number[] {
  const missing = gaps.flatMap(({ first, last }) => upTo(last).slice(first - 1));
  return [...numbers, ...missing].toSorted((a, b) => a - b);
}
