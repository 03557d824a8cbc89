import { expect, it } from 'vitest';
import { call, capsule, client } from '../support/client.ts';

it('a capsule is created, listed, read and destroyed', async () => {
  const { status, body } = await call('POST', '/v1/capsules', { metadata: { purpose: 'test' } });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    status: 'running',
    template: 'minimal',
    vcpus: 1,
    memory_mb: 512,
    timeout_sec: 0,
    isolation: expect.stringMatching(/^(kvm|emulated)$/),
    metadata: {
      purpose: 'test',
      kernel_version: expect.stringMatching(/^\d/),
      envd_version: expect.any(String),
    },
  });
  const { id } = body as { id: string };
  const listed = await call('GET', '/v1/capsules');
  expect(listed.body).toContainEqual(expect.objectContaining({ id, status: 'running' }));
  expect((await call('DELETE', `/v1/capsules/${id}`)).status).toBe(204);
  expect((await call('GET', `/v1/capsules/${id}`)).body).toMatchObject({ id, status: 'stopped' });
  expect((await call('GET', '/v1/capsules')).body).not.toContainEqual(expect.objectContaining({ id }));
});

it('the paths of sandboxes are those of capsules', async () => {
  await using one = await capsule();
  const bare = one.id.replace('-', '');
  expect((await call('GET', `/v1/sandboxes/${bare}`)).body).toMatchObject({ id: one.id });
  const ran = await call('POST', `/v1/sandboxes/${one.id}/exec`, { cmd: 'echo', args: ['hi'] });
  expect(ran).toMatchObject({ status: 200, body: { stdout: 'hi\n', exit_code: 0 } });
});

it('clones have identities of their own', async () => {
  await using one = await capsule();
  await using other = await capsule();
  const script =
    'cat /etc/machine-id /proc/sys/kernel/random/uuid; head -c 16 /dev/urandom | od -An -tx1; hostname';
  const identities = await Promise.all(
    [one, other].map(async ({ id }) => {
      const { stdout } = await client().capsules.exec(id, { cmd: 'sh', args: ['-c', script] });
      return stdout.trim().split('\n');
    }),
  );
  const [first = [], second = []] = identities;
  expect(first).toHaveLength(4);
  expect(first.filter((line) => second.includes(line))).toEqual([]);
  expect(first[3]).toBe(one.id);
});

it("a new capsule's clock is the host's", async () => {
  let offMs = Number.POSITIVE_INFINITY;
  // Of several: one that was set while the machine stood still for a second is off by as much.
  for (let time = 0; time < 5 && offMs >= 1000; time++) {
    await using one = await capsule();
    const before = Date.now();
    const { stdout } = await client().capsules.exec(one.id, { cmd: 'date', args: ['+%s%3N'] });
    const guest = Number(stdout);
    // Between the request and its answer, give or take the resolution of the step.
    offMs = Math.max(before - guest, guest - Date.now());
  }
  expect(offMs).toBeLessThan(1000);
});

it('another shape is booted for who asks first, and has what it says', async () => {
  const { id } = await client().capsules.create({ vcpus: 2, memoryMb: 256 });
  try {
    const { stdout } = await client().capsules.exec(id, {
      cmd: 'sh',
      args: ['-c', 'nproc; free -m | grep Mem:'],
    });
    const [cpus, memory = ''] = stdout.split('\n');
    expect(cpus).toBe('2');
    expect(Number(memory.split(/\s+/)[1])).toBeGreaterThan(150);
    expect(Number(memory.split(/\s+/)[1])).toBeLessThanOrEqual(256);
  } finally {
    await client().capsules.destroy(id);
  }
});

it.each([
  ['an unknown field', { template: 'minimal', cpus: 2 }, 'cpus'],
  ['a wrong type', { vcpus: '2' }, 'vcpus'],
  ['a negative size', { memory_mb: -512 }, 'memory_mb'],
  ['too much', { vcpus: 1000 }, 'vcpus'],
  ['a negative timeout', { timeout_sec: -1 }, 'timeout_sec'],
])('%s is refused and named', async (_what, body, field) => {
  const answer = await call('POST', '/v1/capsules', body);
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ error: { code: 'invalid_request' } });
  expect(JSON.stringify(answer.body)).toContain(field);
});

it('an unknown template is not found', async () => {
  const answer = await call('POST', '/v1/capsules', { template: 'no-such-template' });
  expect(answer).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
});

it('a client that goes away during the create leaves a usable capsule or none', async () => {
  const known = new Set((await client().capsules.list()).map(({ id }) => id));
  // Sooner where it had its capsule before it could go.
  for (let afterMs = 60; (await leftDuringCreate(afterMs)) === 'stayed'; afterMs = Math.floor(afterMs / 2));
  await expect
    .poll(async () => (await client().capsules.list()).filter((each) => each.status !== 'running'))
    .toEqual([]);
  for (const { id } of await client().capsules.list()) {
    if (known.has(id)) continue;
    expect((await client().capsules.exec(id, { cmd: 'true' })).exitCode).toBe(0);
    await client().capsules.destroy(id);
  }
});

async function leftDuringCreate(afterMs: number): Promise<'left' | 'stayed'> {
  try {
    const { id } = await client().capsules.create({}, { signal: AbortSignal.timeout(afterMs) });
    await client().capsules.destroy(id);
    return 'stayed';
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'TimeoutError' });
    return 'left';
  }
}
