import { until } from '@wrenn/core';
import { type ExecEvent, WrennClient } from '@wrenn/sdk';
import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

let databases: TestDatabases;
let server: TestServer<FakeHostAgent>;
let client: WrennClient;
let id: string;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHostAgent.start(tls),
  });
  client = new WrennClient({ baseUrl: server.url, apiKey: server.apiKey });
  id = (await client.capsules.create()).id;
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});

const post = (body: object, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/v1/capsules/${id}/exec`, {
    method: 'POST',
    headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe('in the foreground', () => {
  test('a command answers with its output, its code and how it ended', async () => {
    const response = await post({ cmd: 'echo', args: ['hello', 'wörld'] });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      sandbox_id: id,
      cmd: 'echo',
      stdout: 'hello wörld\n',
      stderr: '',
      encoding: 'utf-8',
      exit_code: 0,
      outcome: 'exited',
      duration_ms: expect.any(Number),
      stdout_truncated: false,
      stderr_truncated: false,
    });
  });

  test.each([
    ['false', { exitCode: 1, outcome: 'exited' }],
    ['no-such-program', { exitCode: 127, outcome: 'exited', stderr: 'no-such-program: not found\n' }],
    ['crash', { exitCode: 137, outcome: 'killed' }],
  ])('%s is an answer, not a failure', async (cmd, result) => {
    expect(await client.capsules.exec(id, { cmd })).toMatchObject(result);
  });

  test('what does not end in time is killed, with what it wrote before', async () => {
    expect(await client.capsules.exec(id, { cmd: 'hang', timeoutSec: 1 })).toMatchObject({
      outcome: 'timed_out',
      exitCode: 124,
      stdout: 'before\n',
    });
  });

  test('output that is not UTF-8 survives as base64', async () => {
    const result = await client.capsules.exec(id, { cmd: 'bytes', args: ['255', '0', '10'] });
    expect(result).toMatchObject({ encoding: 'base64', stdout: '/wAK', stderr: '' });
  });

  test('beyond 8 MiB output is cut off, and that is said', async () => {
    const size = 9 * 1024 * 1024;
    const result = await client.capsules.exec(id, { cmd: 'zeros', args: [String(size)] });
    expect(result.stdoutTruncated).toBe(true);
    expect(result.stdout.length).toBe(8 * 1024 * 1024);
  });

  test('args, cwd, envs, user and the time reach the capsule', async () => {
    await client.capsules.exec(id, {
      cmd: 'env',
      args: ['-0', ''],
      cwd: '/tmp',
      envs: { A: '1' },
      user: 'root',
      timeoutSec: 7,
    });
    expect(server.agent.execs.at(-1)).toMatchObject({
      cmd: 'env',
      args: ['-0', ''],
      cwd: '/tmp',
      envs: { A: '1' },
      user: 'root',
      timeoutSec: 7,
    });
  });

  test('the command reads text or bytes', async () => {
    expect((await client.capsules.exec(id, { cmd: 'cat', stdin: 'grüße' })).stdout).toBe('grüße');
    const bytes = await client.capsules.exec(id, { cmd: 'cat', stdin: Uint8Array.of(0, 255) });
    expect(bytes).toMatchObject({ stdout: 'AP8=', encoding: 'base64' });
  });

  test.each([
    ['no command', {}, 400, 'cmd'],
    ['an empty command', { cmd: '' }, 400, 'cmd'],
    ['an unknown field', { cmd: 'true', shell: true }, 400, 'shell'],
    ['an argument that is not text', { cmd: 'true', args: [1] }, 400, 'args.0'],
    ['an argument with NUL', { cmd: 'true', args: ['a\0b'] }, 400, 'args.0'],
    ['no limit in the foreground', { cmd: 'true', timeout_sec: 0 }, 400, 'timeout_sec'],
    ['a negative limit', { cmd: 'true', timeout_sec: -1 }, 400, 'timeout_sec'],
    ['stdin that is not base64', { cmd: 'cat', stdin: 'a', stdin_encoding: 'base64' }, 400, 'stdin'],
    ['a tag of digits alone', { cmd: 'true', background: true, tag: '123' }, 400, 'tag'],
    ['too much stdin', { cmd: 'cat', stdin: 'ä'.repeat(9 * 1024 * 1024) }, 413, 'stdin'],
  ])('%s is refused by name', async (_, body, status, field) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { field } });
  });

  test('a capsule that is over is 409', async () => {
    const over = await client.capsules.create();
    await client.capsules.destroy(over.id);
    await expect(client.capsules.exec(over.id, { cmd: 'true' })).rejects.toMatchObject({
      status: 409,
      code: 'invalid_state',
      remedy: expect.any(String),
    });
  });

  test('a guest that goes away is an error of the host, not of the server', async () => {
    await expect(client.capsules.exec(id, { cmd: 'vanish' })).rejects.toMatchObject({
      code: 'agent_error',
      status: 502,
    });
  });
});

describe('as a stream', () => {
  async function collect(options: Parameters<typeof client.capsules.execStream>[1]): Promise<ExecEvent[]> {
    const events: ExecEvent[] = [];
    for await (const event of client.capsules.execStream(id, options)) events.push(event);
    return events;
  }

  test('events come one JSON object a line', async () => {
    const response = await post({ cmd: 'warn', args: ['careful'] }, { accept: 'application/x-ndjson' });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { type: 'start', pid: 42 },
      { type: 'stderr', data: btoa('careful\n') },
      { type: 'end', exit_code: 0, outcome: 'exited' },
    ]);
  });

  test('the client yields bytes, and the end as the last', async () => {
    expect(await collect({ cmd: 'bytes', args: ['0', '255'] })).toEqual([
      { type: 'start', pid: 42 },
      { type: 'stdout', data: Uint8Array.of(0, 255) },
      { type: 'end', exitCode: 0, outcome: 'exited' },
    ]);
  });

  test('output comes while the command runs, and leaving the loop ends the command', async () => {
    const before = server.agent.abandoned;
    for await (const event of client.capsules.execStream(id, { cmd: 'hang', timeoutSec: 0 })) {
      if (event.type === 'stdout') break;
    }
    await until(() => (server.agent.abandoned > before ? true : undefined), 5, AbortSignal.timeout(20_000));
  });

  test('100 MiB pass without a cap', async () => {
    const size = 100 * 1024 * 1024;
    let total = 0;
    for await (const event of client.capsules.execStream(id, { cmd: 'zeros', args: [String(size)] })) {
      if (event.type === 'stdout') total += event.data.length;
    }
    expect(total).toBe(size);
  });

  test('a reader that stops reading stops the command too', async () => {
    const running = client.capsules.execStream(id, { cmd: 'zeros', args: [String(2 ** 40)] });
    await running.next();
    const before = process.memoryUsage().rss;
    await running.next();
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    await running.return();
  });

  test('a time limit ends it with what came before', async () => {
    const events = await collect({ cmd: 'hang', timeoutSec: 1 });
    expect(events.at(-1)).toEqual({ type: 'end', exitCode: 124, outcome: 'timed_out' });
    expect(events.filter((event) => event.type === 'stdout')).toHaveLength(1);
  });

  test('when the guest goes away the end says so', async () => {
    expect((await collect({ cmd: 'vanish' })).at(-1)).toMatchObject({
      type: 'end',
      outcome: 'lost',
      error: expect.any(String),
    });
  });

  test('what cannot be started has a status of its own', async () => {
    server.agent.capsules.delete(id);
    const response = await post({ cmd: 'true' }, { accept: 'application/x-ndjson' });
    expect(response.status).toBe(404);
  });
});
