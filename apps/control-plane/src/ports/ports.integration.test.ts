import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accessKey, checkAccess, parseId } from '@wrenn/core';
import { FakePausingHost, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { ensureSecrets } from '../secrets/secrets.ts';
import { Rest } from '../snapshots/testing/rest.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

let databases: TestDatabases;
let server: TestServer<FakePausingHost>;
let rest: Rest;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
});
afterAll(() => databases?.[Symbol.asyncDispose]());
beforeEach(async () => {
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakePausingHost.start(tls),
  });
  rest = new Rest(server.url, server.apiKey);
});
afterEach(() => server?.[Symbol.asyncDispose]());

const now = () => Math.floor(Date.now() / 1000);

/** As an edge asks. */
async function edge(method: string, path: string, secret?: string) {
  const own = (await readFile(join(server.config.directory, 'secrets', 'edge'), 'utf8')).trim();
  const headers = { authorization: `Bearer ${secret ?? own}` };
  const answer = await fetch(`${server.url}/internal/edge/capsules/${path}`, { method, headers });
  const body = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, body };
}

async function keyOf(id: string): Promise<Buffer> {
  const { body } = await edge('GET', id);
  return Buffer.from(String(body['access_key']), 'base64url');
}

describe('the ports of a capsule', () => {
  it('are private unless it was made otherwise, and that can be changed', async () => {
    const id = await rest.capsule();
    expect(await rest.get('GET', `/capsules/${id}`)).toMatchObject({ public_ports: false });
    expect(await rest.get('GET', `/capsules/${id}/access`)).toMatchObject({ public_ports: false });
    expect((await edge('GET', id)).body).toMatchObject({ public_ports: false });
    await rest.get('POST', `/capsules/${id}/access`, { public_ports: true });
    expect((await edge('GET', id)).body).toMatchObject({ public_ports: true });
    const open = await rest.capsule({ public_ports: true });
    expect((await edge('GET', open)).body).toMatchObject({ public_ports: true });
  });

  it('that something listens on are listed, while it runs', async () => {
    const id = await rest.capsule();
    expect(await rest.get('GET', `/capsules/${id}/ports`)).toEqual({ ports: [3000, 8000] });
    await rest.get('POST', `/capsules/${id}/pause`);
    expect(await rest.ask('GET', `/capsules/${id}/ports`)).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state' } },
    });
    const unknown = await rest.ask('GET', '/capsules/cl-0000000000000000000000001/ports');
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  });

  it('open with the traffic token, until the credentials are revoked', async () => {
    const id = await rest.capsule();
    const { traffic_access_token: token } = await rest.get('GET', `/capsules/${id}/access`);
    expect(checkAccess(await keyOf(id), String(token), 80, now()).kind).toBe('open');
    const after = await rest.get('POST', `/capsules/${id}/access`, { revoke: true });
    expect(after['traffic_access_token']).not.toBe(token);
    expect(checkAccess(await keyOf(id), String(token), 80, now()).kind).toBe('refused');
  });

  it('open one by one with links, which say until when', async () => {
    const id = await rest.capsule();
    const made = await rest.get('POST', `/capsules/${id}/ports/8000/link`, { expires_in_sec: 60 });
    const url = new URL(String(made['url']));
    expect(url.host).toBe(`8000-${id}.localhost:8081`);
    const credential = url.searchParams.get('wrenn_access') ?? '';
    expect(checkAccess(await keyOf(id), credential, 8000, now()).kind).toBe('open');
    expect(checkAccess(await keyOf(id), credential, 8001, now()).kind).toBe('refused');
    expect(checkAccess(await keyOf(id), credential, 8000, now() + 61).kind).toBe('refused');
    expect(new Date(String(made['expires_at'])).getTime() / 1000).toBeCloseTo(now() + 60, -1);
  });

  it.each([
    ['ports/0/link', {}],
    ['ports/65536/link', {}],
    ['ports/x/link', {}],
    ['ports/80/link', { expires_in_sec: 0 }],
    ['ports/80/link', { expires_in_sec: 604_801 }],
    ['access', { public_ports: 'yes' }],
    ['access', { other: 1 }],
  ])('are not changed by %s with %j', async (path, body) => {
    const id = await rest.capsule();
    expect((await rest.ask('POST', `/capsules/${id}/${path}`, body)).status).toBe(400);
  });

  it("of another team's capsule, or of none, are not found", async () => {
    const none = 'cl-0000000000000000000000001';
    for (const [method, path] of [
      ['GET', 'access'],
      ['POST', 'access'],
      ['POST', 'ports/80/link'],
    ] as const) {
      const body = method === 'GET' ? undefined : {};
      expect((await rest.ask(method, `/capsules/${none}/${path}`, body)).status).toBe(404);
    }
  });
});

describe('an edge', () => {
  it('is asked for its secret, and an API key is none', async () => {
    const id = await rest.capsule();
    for (const secret of ['', 'x', server.apiKey]) expect((await edge('GET', id, secret)).status).toBe(401);
    const bare = await fetch(`${server.url}/internal/edge/capsules/${id}`);
    expect(bare.status).toBe(401);
  });

  it('learns where a capsule is and what it does; nothing of one that is not there', async () => {
    const id = await rest.capsule({ auto_resume: true });
    expect((await edge('GET', id)).body).toMatchObject({
      status: 'running',
      auto_resume: true,
      host_id: expect.stringMatching(/^host-/),
    });
    expect((await edge('GET', 'cl-0000000000000000000000001')).status).toBe(404);
    expect((await edge('GET', 'nonsense')).status).toBe(400);
  });

  it('wakes one that may be woken, once for many who ask, also when nobody saw the pause', async () => {
    const id = await rest.capsule({ auto_resume: true });
    await rest.get('POST', `/capsules/${id}/pause`);
    const woken = await Promise.all(Array.from({ length: 5 }, () => edge('POST', `${id}/wake`)));
    expect(woken.map(({ body }) => body['status'])).toEqual(Array(5).fill('running'));
    server.agent.capsules.set(id, 'paused');
    expect((await edge('POST', `${id}/wake`)).body).toMatchObject({ status: 'running' });
    expect(server.agent.calls.filter((call) => call === 'resume')).toHaveLength(2);
  });

  it('does not wake one that was not made to be woken', async () => {
    const id = await rest.capsule();
    await rest.get('POST', `/capsules/${id}/pause`);
    expect((await edge('POST', `${id}/wake`)).status).toBe(409);
  });
});

describe('the secrets of an installation', () => {
  it('are made once, whoever comes first', async () => {
    const { directory } = server.config;
    const all = await Promise.all(Array.from({ length: 8 }, () => ensureSecrets(directory)));
    const [first] = all;
    for (const each of all) expect(each.portAccess.equals(first?.portAccess ?? Buffer.alloc(0))).toBe(true);
    expect(
      accessKey(all[0]?.portAccess ?? Buffer.alloc(0), parseId('capsule', await rest.capsule()), 1),
    ).toHaveLength(32);
  });

  it('are never replaced when they are damaged: what was made from them would be void', async () => {
    const { directory } = server.config;
    await writeFile(join(directory, 'secrets', 'edge'), 'damaged');
    await expect(ensureSecrets(directory)).rejects.toMatchObject({ code: 'missing_prerequisite' });
  });
});
