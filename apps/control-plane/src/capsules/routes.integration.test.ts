import { newId } from '@wrenn/core';
import { type WrennApiError, WrennClient } from '@wrenn/sdk';
import { FakeHostAgent } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';

describeOnPostgres('capsules over REST', { startAgent: (tls) => FakeHostAgent.start(tls) }, (server) => {
  let client: WrennClient;
  beforeAll(async () => {
    client = new WrennClient({ baseUrl: server().url, apiKey: server().apiKey });
  });

  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`${server().url}${path}`, {
      method,
      headers: {
        'x-api-key': server().apiKey,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

  test('a capsule is made with the documented defaults, and says what its time went to', async () => {
    const response = await send('POST', '/v1/capsules', {});
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({
      id: expect.stringMatching(/^cl-[0-9a-z]{25}$/),
      status: 'running',
      template: 'minimal',
      vcpus: 1,
      memory_mb: 512,
      timeout_sec: 0,
      disk_size_mb: 5120,
      engine: 'fake',
      isolation: 'emulated',
      host_ip: '10.11.0.1',
      created_at: expect.stringMatching(/Z$/),
      started_at: expect.stringMatching(/Z$/),
      metadata: { kernel_version: '6.1', vmm_version: 'fake 1', agent_version: '0' },
      steps: [
        { name: 'schedule', duration_ms: expect.any(Number) },
        { name: 'fake', duration_ms: 1 },
      ],
    });
  });

  test('a body may be left out', async () => {
    expect((await send('POST', '/v1/capsules')).status).toBe(201);
    expect((await send('POST', '/v1/capsules', '')).status).toBe(201);
  });

  test('what was asked for reaches the host, and metadata comes back', async () => {
    const created = await client.capsules.create({
      vcpus: 2,
      memoryMb: 1024,
      timeoutSec: 60,
      metadata: { purpose: 'test' },
      envs: { GREETING: 'hello' },
    });
    expect(created.metadata).toMatchObject({ purpose: 'test', kernel_version: '6.1' });
    expect(server().agent.capsules.get(created.id)?.request).toMatchObject({
      template: 'minimal',
      templateId: '00000000-0000-0000-0000-000000000000',
      vcpus: 2,
      memoryMb: 1024,
      timeoutSec: 60,
      diskSizeMb: 5120,
      defaultUser: 'user',
      defaultEnv: { GREETING: 'hello' },
    });
  });

  test('it can be read, listed and destroyed, and destroyed again', async () => {
    const { id, steps, ...capsule } = await client.capsules.create();
    expect(steps).not.toEqual([]);
    expect(await client.capsules.get(id)).toEqual({ id, ...capsule });
    expect((await client.capsules.list()).map((listed) => listed.id)).toContain(id);
    await client.capsules.destroy(id);
    expect(server().agent.capsules.has(id)).toBe(false);
    expect((await client.capsules.get(id)).status).toBe('stopped');
    expect((await client.capsules.list()).map((listed) => listed.id)).not.toContain(id);
    await client.capsules.destroy(id);
  });

  test('the list comes in pages, newest first', async () => {
    const ids = [];
    for (let count = 0; count < 3; count += 1) ids.unshift((await client.capsules.create()).id);
    const first = await client.capsules.list({ limit: 2 });
    const second = await client.capsules.list({ limit: 1, after: first[1]?.id ?? '' });
    expect([...first, ...second].map((capsule) => capsule.id)).toEqual(ids);
  });

  test('/v1/sandboxes is another name of the same, and an ID may lack its hyphen', async () => {
    const { id } = await client.capsules.create();
    const response = await send('GET', `/v1/sandboxes/${id.replace('-', '')}?x`.replace('?x', ''));
    expect(await response.json()).toMatchObject({ id });
    expect((await send('GET', '/v1/sandboxes?limit=1')).status).toBe(200);
    expect((await send('POST', `/v1/sandboxes/${id}/exec`, { cmd: 'true' })).status).toBe(200);
    expect((await send('DELETE', `/v1/sandboxes/${id}`)).status).toBe(204);
  });

  test.each([
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['a wrong type', { vcpus: '2' }, 'vcpus'],
    ['a negative size', { memory_mb: -512 }, 'memory_mb'],
    ['an odd size', { memory_mb: 513 }, 'memory_mb'],
    ['a fraction', { vcpus: 1.5 }, 'vcpus'],
    ['too much', { vcpus: 9 }, 'vcpus'],
    ['a negative time', { timeout_sec: -1 }, 'timeout_sec'],
    ['a name that is a path', { template: '../minimal' }, 'template'],
    ['metadata that is not text', { metadata: { a: 1 } }, 'metadata.a'],
    ["metadata in the platform's name", { metadata: { kernel_version: '7' } }, 'metadata'],
    ['a variable with =', { envs: { 'A=B': '' } }, 'envs.A=B'],
    ['text with NUL', { metadata: { a: '\0' } }, 'metadata.a'],
    ['a list', [], 'body'],
    ['null', null, 'body'],
  ])('%s is refused by name', async (_, body, field) => {
    const response = await send('POST', '/v1/capsules', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'invalid_request', field, retryable: false },
    });
  });

  test.each([
    ['JSON that does not parse', '{', {}, 400, 'invalid_request'],
    [
      'a body that is not JSON',
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
      400,
      'invalid_request',
    ],
    ['a prototype', '{"__proto__":{"vcpus":1}}', {}, 400, 'invalid_request'],
    ['a body of 2 MiB', JSON.stringify({ template: 'x'.repeat(2 ** 21) }), {}, 413, 'too_large'],
  ])('%s is refused', async (_, body, headers, status, code) => {
    const response = await send('POST', '/v1/capsules', body, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  test('what does not exist is 404, what is not an ID is 400', async () => {
    const unknown = newId('capsule');
    for (const [method, path] of [
      ['GET', `/v1/capsules/${unknown}`],
      ['DELETE', `/v1/capsules/${unknown}`],
      ['GET', '/v1/nothing'],
    ] as const) {
      expect((await send(method, path)).status).toBe(404);
    }
    expect((await send('POST', `/v1/capsules/${unknown}/exec`, { cmd: 'true' })).status).toBe(404);
    expect(await (await send('POST', '/v1/capsules', { template: 'nope' })).json()).toMatchObject({
      error: { code: 'not_found', field: 'template' },
    });
    const malformed = await send('GET', '/v1/capsules/nonsense');
    expect(malformed.status).toBe(400);
    expect(await malformed.json()).toMatchObject({ error: { code: 'invalid_request', field: 'id' } });
  });

  test('a request without a valid key is refused before its body is read', async () => {
    for (const key of ['', 'wrn_0123', `wrn_${'0'.repeat(32)}`, `e2b_${'0'.repeat(40)}`]) {
      const response = await send('POST', '/v1/capsules', '{', { 'x-api-key': key });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { code: 'unauthorized' } });
    }
  });

  test('the key may come as a bearer token', async () => {
    const response = await fetch(`${server().url}/v1/capsules`, {
      headers: { authorization: `Bearer ${server().apiKey}` },
    });
    expect(response.status).toBe(200);
  });

  test('a request ID is taken over if it is plain, else made', async () => {
    const named = await send('GET', '/health', undefined, { 'x-request-id': 'mine-1' });
    expect(named.headers.get('x-request-id')).toBe('mine-1');
    const odd = await send('GET', '/health', undefined, { 'x-request-id': 'a b' });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("the client's errors carry code, status, field and remedy", async () => {
    const error = await client.capsules.create({ vcpus: 99 }).catch((thrown: WrennApiError) => thrown);
    expect(error).toMatchObject({
      name: 'WrennApiError',
      code: 'invalid_request',
      status: 400,
      field: 'vcpus',
    });
  });

  test('the service says that it lives, that it is ready, and what it can', async () => {
    expect(await (await send('GET', '/health')).json()).toEqual({
      status: 'ok',
      version: expect.any(String),
    });
    expect((await send('GET', '/readyz')).status).toBe(200);
    expect(await (await send('GET', '/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' });
    const page = await send('GET', '/docs');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain('/v1/capsules/{id}/exec');
  });
});
