import { newId, WrennError } from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { usable } from '../hosts/capacity.ts';
import { Rest } from '../snapshots/testing/rest.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';

interface Forked {
  readonly job_id: string;
  readonly capsules: readonly { readonly id: string; readonly metadata: object }[];
  readonly failed: readonly { readonly id: string; readonly code: string; readonly message: string }[];
}

describeOnPostgres('forks', { startAgent: (tls) => FakeStateHost.start(tls) }, (server) => {
  let rest: Rest;
  beforeAll(async () => {
    rest = new Rest(server().url, server().apiKey);
  });
  afterEach(async () => {
    const { agent } = server();
    agent.beforeFork = async () => {};
    agent.childFault = () => undefined;
    for (const id of await live()) await rest.get('DELETE', `/capsules/${id}`);
    expect(agent.capsules.size).toBe(0);
  });

  async function live(): Promise<string[]> {
    const all = (await rest.get('GET', '/capsules')) as unknown as { id: string }[];
    return all.map(({ id }) => id);
  }
  async function fork(parent: string, body?: object): Promise<Forked> {
    return (await rest.get('POST', `/capsules/${parent}/fork`, body)) as unknown as Forked;
  }

  test('a fork makes one child that is what its parent is, but for its identity', async () => {
    const parent = await rest.capsule({
      vcpus: 2,
      memory_mb: 1024,
      timeout_sec: 600,
      auto_resume: true,
      metadata: { of: 'parent' },
    });
    const forked = await fork(parent);
    expect(forked).toMatchObject({
      job_id: expect.stringMatching(/^job-/),
      failed: [],
      steps: [
        { name: 'schedule', duration_ms: expect.any(Number) },
        { name: 'children', duration_ms: 2 },
      ],
      still_ms: 4,
    });
    expect(forked.capsules).toHaveLength(1);
    const [child] = forked.capsules;
    expect(child).toMatchObject({
      status: 'running',
      template: 'minimal',
      vcpus: 2,
      memory_mb: 1024,
      timeout_sec: 600,
      auto_resume: true,
      host_ip: '10.11.0.2',
      metadata: { of: 'parent', kernel_version: '6.1' },
    });
    expect(child?.id).not.toBe(parent);
    expect(await rest.get('GET', `/capsules/${child?.id}`)).toEqual(child);
    expect(await rest.get('GET', `/capsules/${parent}`)).toMatchObject({ status: 'running' });
  });

  test('children can have a time and labels of their own, and forks of their own', async () => {
    const parent = await rest.capsule({ timeout_sec: 600, metadata: { of: 'parent' } });
    const { capsules } = await fork(parent, { count: 3, timeout_sec: 0, metadata: { of: 'child' } });
    expect(capsules).toHaveLength(3);
    for (const child of capsules) expect(child).toMatchObject({ timeout_sec: 0, metadata: { of: 'child' } });
    expect((await fork(capsules[0]?.id ?? '')).capsules).toHaveLength(1);
    expect(new Set(await live()).size).toBe(5);
  });

  test.each([0, 101, 1.5])('a count of %s is refused', async (count) => {
    const parent = await rest.capsule();
    expect(await rest.ask('POST', `/capsules/${parent}/fork`, { count })).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', field: 'count' } },
    });
  });

  test('a hundred children at once', async () => {
    const { agent } = server();
    const facts = agent.facts;
    await server()
      .controlPlane.context.database.updateTable('hosts')
      .set({ memory_mb: 1_000_000, disk_gb: 10_000, cpu_cores: 64 })
      .execute();
    agent.facts = { ...facts, memoryMb: 1_000_000, diskGb: 10_000, cpuCores: 64 };
    const parent = await rest.capsule();
    expect((await fork(parent, { count: 100 })).capsules).toHaveLength(100);
    expect(agent.capsules.size).toBe(101);
    agent.facts = facts;
    await server()
      .controlPlane.context.database.updateTable('hosts')
      .set({ memory_mb: facts.memoryMb, disk_gb: facts.diskGb, cpu_cores: facts.cpuCores })
      .execute();
  });

  test('a host without room for all starts none, and says how many it has room for', async () => {
    const room = Math.floor(usable(server().agent.facts).memoryMb / 2048);
    const parent = await rest.capsule({ memory_mb: 2048 });
    expect(await rest.ask('POST', `/capsules/${parent}/fork`, { count: room })).toMatchObject({
      status: 503,
      body: {
        error: {
          code: 'no_hosts_available',
          message: expect.stringContaining(`room for ${room - 1} of ${room}`),
        },
      },
    });
    expect(await live()).toEqual([parent]);
  });

  test('forks at the same time never promise more than the host has', async () => {
    const room = Math.floor(usable(server().agent.facts).memoryMb / 2048);
    const parents = [await rest.capsule({ memory_mb: 2048 }), await rest.capsule({ memory_mb: 2048 })];
    const count = room - 2;
    const answers = await Promise.all(
      parents.map((id) => rest.ask('POST', `/capsules/${id}/fork`, { count })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 503]);
    expect(server().agent.capsules.size).toBe(room);
  });

  test('a child that does not start is told, and nothing of it is left', async () => {
    const parent = await rest.capsule();
    server().agent.childFault = (index) =>
      index === 1 ? new WrennError('snapshot_refused', 'a part is missing') : undefined;
    const forked = await fork(parent, { count: 3 });
    expect(forked.capsules).toHaveLength(2);
    expect(forked.failed).toEqual([
      { id: expect.stringMatching(/^cl-/), code: 'snapshot_refused', message: 'a part is missing' },
    ]);
    expect(await live()).toHaveLength(3);
    expect(await rest.get('GET', `/capsules/${forked.failed[0]?.id}`)).toMatchObject({ status: 'error' });
  });

  test('where no child starts, the first fault is the answer', async () => {
    const parent = await rest.capsule();
    server().agent.childFault = (index) =>
      new WrennError(index === 0 ? 'snapshot_refused' : 'agent_error', 'cannot');
    expect(await rest.ask('POST', `/capsules/${parent}/fork`, { count: 2 })).toMatchObject({
      status: 409,
      body: { error: { code: 'snapshot_refused', message: 'cannot' } },
    });
    expect(await live()).toEqual([parent]);
  });

  test('a fault of the host leaves no child, here or there', async () => {
    const parent = await rest.capsule();
    server().agent.beforeFork = async () => {
      throw new WrennError('no_space', 'no space left on the disk');
    };
    expect(await rest.ask('POST', `/capsules/${parent}/fork`, { count: 4 })).toMatchObject({
      status: 507,
      body: { error: { code: 'no_space' } },
    });
    expect(await live()).toEqual([parent]);
  });

  test('a child that is destroyed before its fork ends does not come back', async () => {
    const parent = await rest.capsule();
    const asked = Promise.withResolvers<string>();
    const gate = Promise.withResolvers<void>();
    server().agent.beforeFork = (request) => {
      asked.resolve(request.children[0]?.sandboxId ?? '');
      return gate.promise;
    };
    const forking = fork(parent, { count: 2 });
    const child = await asked.promise;
    await rest.get('DELETE', `/capsules/${child}`);
    gate.resolve();
    const { capsules, failed } = await forking;
    expect(capsules).toHaveLength(1);
    expect(failed).toEqual([{ id: child, code: 'invalid_state', message: expect.any(String) }]);
    expect(server().agent.capsules.has(child)).toBe(false);
  });

  test('a request with the key of an earlier one starts nothing more', async () => {
    const parent = await rest.capsule();
    const key = { 'idempotency-key': 'f-1' };
    const ask = () => rest.ask('POST', `/capsules/${parent}/fork`, { count: 2 }, key);
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(first.status).toBe(201);
    expect(second).toEqual(first);
    expect(await live()).toHaveLength(3);
    expect(await rest.ask('POST', `/capsules/${parent}/fork`, { count: 3 }, key)).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict' } },
    });
  });

  test('a paused capsule can be forked; one that is over, or not there, cannot', async () => {
    const parent = await rest.capsule();
    const machine = server().agent.capsules.get(parent);
    if (machine !== undefined) machine.status = 'paused';
    await server()
      .controlPlane.context.database.updateTable('capsules')
      .set({ status: 'paused' })
      .where('status', '=', 'running')
      .execute();
    expect((await fork(parent)).capsules).toHaveLength(1);
    await rest.get('DELETE', `/capsules/${parent}`);
    expect(await rest.ask('POST', `/capsules/${parent}/fork`)).toMatchObject({
      status: 409,
      body: { error: { code: 'invalid_state' } },
    });
    expect(await rest.ask('POST', `/capsules/${newId('capsule')}/fork`)).toMatchObject({ status: 404 });
  });
});
