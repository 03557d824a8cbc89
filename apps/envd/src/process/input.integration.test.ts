import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import type { StreamInputRequestSchema } from '@wrenn/protocol/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { byPid, StartedProcess } from '../testing/started-process.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

const start = (cmd: string, ...args: string[]) =>
  StartedProcess.start(envd.processes, { process: { cmd, args } });
const stdin = (value: Uint8Array) => ({ input: { input: { case: 'stdin', value } } }) as const;
const pty = (value: Uint8Array) => ({ input: { input: { case: 'pty', value } } }) as const;
const one = new Uint8Array([1]);
const refused = (code: Code) => expect.objectContaining({ code });

test('input arrives byte for byte, and the end of input when it is closed', async () => {
  const process = await start('cat');
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 256));
  const result = process.rest();
  await envd.processes.sendInput({ ...process.selector, ...stdin(bytes) });
  await envd.processes.closeStdin(process.selector);
  expect((await result).stdout.equals(bytes)).toBe(true);
});

test('input is refused where there is none, where it is closed, and where it is for a terminal', async () => {
  const without = await StartedProcess.run(envd.processes, 'sleep', '1000');
  const precondition = refused(Code.FailedPrecondition);
  await expect(envd.processes.sendInput({ ...without.selector, ...stdin(one) })).rejects.toThrow(
    precondition,
  );
  await expect(envd.processes.closeStdin(without.selector)).rejects.toThrow(precondition);
  await expect(envd.processes.sendInput(without.selector)).rejects.toThrow(refused(Code.InvalidArgument));
  await without.kill();
  await without.rest();

  const deaf = await start('sh', '-c', 'exec 0<&-; echo closed; exec sleep 1000');
  await deaf.shows('closed');
  await expect(envd.processes.sendInput({ ...deaf.selector, ...stdin(one) })).rejects.toThrow(precondition);
  await expect(envd.processes.sendInput({ ...deaf.selector, ...pty(one) })).rejects.toThrow(precondition);
  await deaf.kill();
  await deaf.rest();
});

test('input after the end of input is refused, and ending it twice is not', async () => {
  const process = await start('sleep', '1000');
  await envd.processes.closeStdin(process.selector);
  await envd.processes.closeStdin(process.selector);
  await expect(envd.processes.sendInput({ ...process.selector, ...stdin(one) })).rejects.toThrow(
    refused(Code.FailedPrecondition),
  );
  await process.kill();
  await process.rest();
});

test('input for a process that does not read is bounded', async () => {
  const process = await start('sleep', '1000');
  const chunk = Buffer.alloc(1_000_000);
  const calls = Array.from({ length: 12 }, () =>
    envd.processes.sendInput({ ...process.selector, ...stdin(chunk) }).then(
      () => 'taken',
      (thrown: unknown) => (thrown instanceof Error && 'code' in thrown ? thrown.code : 'another fault'),
    ),
  );
  await Promise.race(calls);
  await process.kill();
  const outcomes = await Promise.all(calls);
  expect(outcomes).toContain(Code.ResourceExhausted);
  // Those that waited when it ended.
  expect(outcomes).toContain(Code.FailedPrecondition);
  expect(outcomes).not.toContain('taken');
  await process.rest();
});

describe('a stream of input', () => {
  type Message = MessageInitShape<typeof StreamInputRequestSchema>;
  async function* stream(...messages: Message['event'][]): AsyncGenerator<Message> {
    for (const event of messages) if (event !== undefined) yield { event };
  }
  const begin = (pid: number): Message['event'] => ({ case: 'start', value: byPid(pid) });
  const data = (value: Uint8Array): Message['event'] => ({ case: 'data', value: stdin(value) });
  const keepalive: Message['event'] = { case: 'keepalive', value: {} };

  test('arrives whole and in its order', async () => {
    const process = await start('cat');
    const pieces = Array.from({ length: 300 }, (_, index) => Buffer.alloc(1 + index * 7, index % 256));
    const result = process.rest();
    await envd.processes.streamInput(
      stream(begin(process.pid), keepalive, ...pieces.flatMap((piece) => [data(piece), keepalive])),
    );
    await envd.processes.closeStdin(process.selector);
    expect((await result).stdout.equals(Buffer.concat(pieces))).toBe(true);
  });

  test('goes on at the pace of the process, past what may wait for it at once', async () => {
    const process = await start('sh', '-c', 'head -c 1000000 >/dev/null; sleep 0.3; exec wc -c');
    const result = process.rest();
    const megabyte = Buffer.alloc(1_000_000);
    await envd.processes.streamInput(
      stream(begin(process.pid), ...Array.from({ length: 20 }, () => data(megabyte))),
    );
    await envd.processes.closeStdin(process.selector);
    expect((await result).stdout.toString().trim()).toBe('19000000');
  });

  test('must name its process first, and once', async () => {
    const process = await start('cat');
    for (const messages of [
      [],
      [keepalive],
      [data(one)],
      [begin(process.pid), begin(process.pid)],
      [{ case: 'start', value: {} }],
      [begin(process.pid), { case: 'data', value: {} }],
      [begin(process.pid), { case: undefined }],
    ] satisfies Message['event'][][]) {
      await expect(envd.processes.streamInput(stream(...messages)), JSON.stringify(messages)).rejects.toThrow(
        refused(Code.InvalidArgument),
      );
    }
    await expect(envd.processes.streamInput(stream(begin(4_000_000)))).rejects.toThrow(
      refused(Code.NotFound),
    );
    await process.kill();
    await process.rest();
  });
});
