import { newId, uuidFromId, WrennError } from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { Rest } from './testing/rest.ts';

describeOnPostgres('snapshots', { startAgent: (tls) => FakeStateHost.start(tls) }, (server) => {
  let rest: Rest;
  beforeAll(async () => {
    rest = new Rest(server().url, server().apiKey);
  });
  afterEach(async () => {
    const { agent } = server();
    agent.beforeSnapshot = async () => {};
    agent.deleteFault = undefined;
    for (const name of await names()) await rest.get('DELETE', `/snapshots/${name}`);
    for (const id of agent.capsules.keys()) await rest.get('DELETE', `/capsules/${id}`);
  });

  async function list(query = '?type=snapshot'): Promise<{ name: string }[]> {
    return (await rest.get('GET', `/snapshots${query}`)) as unknown as { name: string }[];
  }
  async function names(): Promise<string[]> {
    return (await list()).map(({ name }) => name);
  }
  function error(code: string, status: number, more: object = {}) {
    return { status, body: { error: { code, ...more } } };
  }

  test('a snapshot is what its capsule was, and tells what it was made by', async () => {
    const capsule = await rest.capsule({ vcpus: 2, memory_mb: 1024 });
    const made = await rest.get('POST', '/snapshots', { sandbox_id: capsule, name: 'mine' });
    const snapshot = {
      id: expect.stringMatching(/^snp-[0-9a-z]{25}$/),
      template_id: expect.stringMatching(/^tpl-[0-9a-z]{25}$/),
      name: 'mine',
      type: 'snapshot',
      vcpus: 2,
      memory_mb: 1024,
      size_bytes: 5_000_000_000,
      created_at: expect.any(String),
      platform: false,
      metadata: {
        kernel_version: '6.1',
        vmm_version: 'fake 1',
        agent_version: '0',
        engine: 'fake',
        isolation: 'emulated',
      },
    };
    expect(made).toEqual({
      ...snapshot,
      job_id: expect.stringMatching(/^job-/),
      steps: [{ name: 'memory', duration_ms: 1.23 }],
      still_ms: 3.46,
    });
    expect(await list()).toMatchObject([snapshot]);
    expect(await rest.get('GET', `/capsules/${capsule}`)).toMatchObject({ status: 'running' });
  });

  test('the list is newest first, and can be of one type', async () => {
    const capsule = await rest.capsule();
    for (const name of ['first', 'second'])
      await rest.get('POST', '/snapshots', { sandbox_id: capsule, name });
    expect(await names()).toEqual(['second', 'first']);
    expect((await list('')).map(({ name }) => name)).toEqual(['second', 'first', 'minimal']);
    const base = {
      name: 'minimal',
      type: 'base',
      size_bytes: 0,
      platform: true,
      created_at: expect.any(String),
    };
    expect(await list('?type=base')).toMatchObject([base]);
    expect(await rest.ask('GET', '/snapshots?type=other')).toMatchObject(error('invalid_request', 400));
  });

  test('what nobody names gets a name that says how it was made', async () => {
    const capsule = await rest.capsule();
    const template = await rest.get('POST', '/snapshots', { sandbox_id: capsule });
    const checkpoint = await rest.get('POST', `/capsules/${capsule}/checkpoint`);
    expect(template['name']).toMatch(/^template-[0-9a-f]{8}$/);
    expect(checkpoint['name']).toMatch(/^checkpoint-[0-9a-f]{8}$/);
    expect(await rest.get('POST', `/capsules/${capsule}/checkpoint`, { name: 'named' })).toMatchObject({
      name: 'named',
      type: 'snapshot',
    });
  });

  test.each(['', '.hidden', 'a/b', 'a b', 'x'.repeat(65), newId('snapshot')])(
    'the name %j is refused',
    async (name) => {
      const capsule = await rest.capsule();
      expect(await rest.ask('POST', '/snapshots', { sandbox_id: capsule, name })).toMatchObject(
        error('invalid_request', 400, { field: 'name' }),
      );
    },
  );

  test('a name that is taken, or that the platform has, is refused, and the host is not asked', async () => {
    const capsule = await rest.capsule();
    await rest.get('POST', '/snapshots', { sandbox_id: capsule, name: 'taken' });
    const { copies } = server().agent;
    const again = (name: string) => rest.ask('POST', '/snapshots', { sandbox_id: capsule, name });
    expect(await again('taken')).toMatchObject(error('template_name_taken', 409, { field: 'name' }));
    expect(await again('minimal')).toMatchObject(error('name_reserved', 409, { field: 'name' }));
    expect(server().agent.copies).toBe(copies);
  });

  test('of many that want a name at once, one gets it', async () => {
    const capsules = await Promise.all(Array.from({ length: 6 }, () => rest.capsule()));
    const answers = await Promise.all(
      capsules.map((id) => rest.ask('POST', '/snapshots', { sandbox_id: id, name: 'wanted' })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 409, 409, 409, 409, 409]);
    for (const answer of answers.filter(({ status }) => status === 409))
      expect(answer).toMatchObject(error('template_name_taken', 409));
    expect(server().agent.snapshots.size).toBe(1);
  });

  test('another operation of the same capsule is refused while one is under way', async () => {
    const capsule = await rest.capsule();
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    server().agent.beforeSnapshot = () => {
      arrived.resolve();
      return gate.promise;
    };
    const first = rest.ask('POST', '/snapshots', { sandbox_id: capsule, name: 'one' });
    await arrived.promise;
    expect(await rest.ask('POST', `/capsules/${capsule}/checkpoint`)).toMatchObject(
      error('busy', 409, { retryable: true }),
    );
    expect(await names()).toEqual([]);
    expect(await rest.ask('POST', '/capsules', { template: 'one' })).toMatchObject(error('busy', 409));
    expect(await rest.ask('DELETE', '/snapshots/one')).toMatchObject(error('busy', 409));
    gate.resolve();
    expect((await first).status).toBe(201);
    expect(await names()).toEqual(['one']);
  });

  test('a request with the key of an earlier one gets what that one got', async () => {
    const capsule = await rest.capsule();
    const key = { 'idempotency-key': 'k-1' };
    const { copies } = server().agent;
    const ask = (name?: string) =>
      rest.ask('POST', '/snapshots', { sandbox_id: capsule, ...(name === undefined ? {} : { name }) }, key);
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(first.status).toBe(201);
    expect(second).toEqual(first);
    expect(await ask()).toEqual(first);
    expect(server().agent.copies).toBe(copies + 1);
    expect(await ask('other')).toMatchObject(error('conflict', 409));
    expect(await rest.ask('POST', `/capsules/${capsule}/checkpoint`, {}, key)).toMatchObject(
      error('conflict', 409),
    );
    expect(await rest.get('GET', `/jobs/${first.body?.['job_id']}`)).toMatchObject({
      kind: 'snapshot',
      status: 'succeeded',
      result: { name: first.body?.['name'] },
    });
  });

  test('a fault of the host is the answer; the name is free and the host has nothing', async () => {
    const capsule = await rest.capsule();
    server().agent.beforeSnapshot = async () => {
      throw new WrennError('no_space', 'writing memory: no space left on the disk');
    };
    const ask = () => rest.ask('POST', '/snapshots', { sandbox_id: capsule, name: 'again' });
    expect(await ask()).toMatchObject(error('no_space', 507));
    expect(await names()).toEqual([]);
    server().agent.beforeSnapshot = async () => {};
    expect((await ask()).status).toBe(201);
  });

  test('a capsule that is over, or that is not there, cannot be copied', async () => {
    const capsule = await rest.capsule();
    await rest.get('DELETE', `/capsules/${capsule}`);
    expect(await rest.ask('POST', '/snapshots', { sandbox_id: capsule })).toMatchObject(
      error('invalid_state', 409),
    );
    expect(await rest.ask('POST', `/capsules/${newId('capsule')}/checkpoint`)).toMatchObject(
      error('not_found', 404),
    );
    expect(await rest.ask('POST', '/snapshots', {})).toMatchObject(
      error('invalid_request', 400, { field: 'sandbox_id' }),
    );
    expect(await names()).toEqual([]);
  });

  test('a snapshot is deleted here and on its host, and its name is free', async () => {
    const capsule = await rest.capsule();
    const take = () => rest.get('POST', '/snapshots', { sandbox_id: capsule, name: 'again' });
    const { id } = await take();
    const child = await rest.capsule({ template: 'again' });
    expect((await rest.ask('DELETE', '/snapshots/again')).status).toBe(204);
    expect(server().agent.snapshots.size).toBe(0);
    expect(await rest.get('GET', `/capsules/${child}`)).toMatchObject({
      status: 'running',
      template: 'again',
    });
    expect(await rest.ask('DELETE', '/snapshots/again')).toMatchObject(
      error('not_found', 404, { field: 'name' }),
    );
    expect(await rest.ask('POST', '/capsules', { template: id })).toMatchObject(error('not_found', 404));
    await take();
    expect(await names()).toEqual(['again']);
  });

  test('a template of the platform cannot be deleted', async () => {
    expect(await rest.ask('DELETE', '/snapshots/minimal')).toMatchObject(error('forbidden', 403));
  });

  test('a host that does not delete now does not keep the snapshot from being gone', async () => {
    const capsule = await rest.capsule();
    await rest.get('POST', '/snapshots', { sandbox_id: capsule, name: 'stuck' });
    server().agent.deleteFault = new WrennError('agent_error', 'cannot now');
    expect((await rest.ask('DELETE', '/snapshots/stuck')).status).toBe(204);
    expect(await names()).toEqual([]);
    expect(server().agent.snapshots.size).toBe(1);
    server().agent.snapshots.clear();
  });

  test('a capsule made from a snapshot has its shape, its user and its environment', async () => {
    await server()
      .controlPlane.context.database.updateTable('templates')
      .set({ default_user: 'alice', default_env: JSON.stringify({ LANG: 'C' }) })
      .where('name', '=', 'minimal')
      .execute();
    const parent = await rest.capsule({ vcpus: 2, memory_mb: 1024 });
    const { id } = await rest.get('POST', '/snapshots', { sandbox_id: parent, name: 'shaped' });
    for (const template of ['shaped', id, String(id).replace('-', '')]) {
      const body = { template, vcpus: 1, memory_mb: 512, envs: { MORE: '1' } };
      const child = await rest.get('POST', '/capsules', body);
      expect(child).toMatchObject({ template: 'shaped', vcpus: 2, memory_mb: 1024 });
      expect(server().agent.capsules.get(String(child['id']))?.request).toMatchObject({
        snapshotId: id,
        template: 'shaped',
        vcpus: 2,
        memoryMb: 1024,
        defaultUser: 'alice',
        defaultEnv: { LANG: 'C', MORE: '1' },
      });
    }
  });

  test('a capsule from a snapshot goes where the snapshot is, and a host that is away is named', async () => {
    const parent = await rest.capsule();
    await rest.get('POST', '/snapshots', { sandbox_id: parent, name: 'there' });
    const { database } = server().controlPlane.context;
    const other = newId('host');
    await database
      .insertInto('hosts')
      .values({ id: uuidFromId(other), address: '127.0.0.1:1', status: 'unreachable' })
      .execute();
    await database
      .updateTable('templates')
      .set({ host_id: uuidFromId(other) })
      .where('name', '=', 'there')
      .execute();
    expect(await rest.ask('POST', '/capsules', { template: 'there' })).toMatchObject(
      error('no_hosts_available', 503, { message: expect.stringMatching(`${other}.*unreachable`) }),
    );
  });
});
