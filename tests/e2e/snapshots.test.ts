import { expect, it } from 'vitest';
import { call, capsule, client } from '../support/client.ts';
import { sh } from '../support/shell.ts';

/** Names are one per team, and these tests run more than once on one installation. */
const name = (what: string) => `${what}-${crypto.randomUUID().slice(0, 8)}`;

it('a snapshot of a running capsule starts others with its memory and files, and the capsule goes on', async () => {
  await using source = await capsule();
  await sh(source.id, 'echo on disk > /root/file; echo in memory > /dev/shm/file');
  const { snapshots, capsules } = client();
  const taken = await snapshots.create({ capsuleId: source.id, name: name('tools') });
  await using _snapshot = { [Symbol.asyncDispose]: () => snapshots.delete(taken.name) };
  expect(taken).toMatchObject({ type: 'snapshot', vcpus: 1, memoryMb: 512, platform: false });
  await sh(source.id, 'echo later > /root/file; echo later > /dev/shm/file');

  const made = await Promise.all([1, 2].map(() => capsules.create({ template: taken.name })));
  try {
    for (const { id } of made)
      expect(await sh(id, 'cat /root/file /dev/shm/file')).toBe('on disk\nin memory\n');
    const [first, second] = made;
    await sh(first?.id, 'echo mine > /root/file; echo mine > /dev/shm/file');
    expect(await sh(second?.id, 'cat /root/file /dev/shm/file')).toBe('on disk\nin memory\n');
    expect(await sh(source.id, 'cat /root/file /dev/shm/file')).toBe('later\nlater\n');
  } finally {
    for (const { id } of made) await capsules.destroy(id);
  }
});

it('a capsule from a snapshot has the shape of the snapshot, whatever is asked for', async () => {
  await using source = await capsule();
  const { snapshots, capsules } = client();
  const taken = await snapshots.create({ capsuleId: source.id });
  expect(taken.name).toMatch(/^template-[0-9a-f]{8}$/);
  const made = await capsules.create({ template: taken.name, vcpus: 4, memoryMb: 2048 });
  expect(made).toMatchObject({ template: taken.name, vcpus: 1, memoryMb: 512 });
  await capsules.destroy(made.id);
  await snapshots.delete(taken.name);
});

it('a snapshot of a paused capsule leaves it paused', async () => {
  await using source = await capsule();
  await sh(source.id, 'echo kept > /dev/shm/file');
  const { snapshots, capsules } = client();
  await capsules.pause(source.id);
  const taken = await snapshots.create({ capsuleId: source.id, name: name('paused') });
  expect((await capsules.get(source.id)).status).toBe('paused');
  const made = await capsules.create({ template: taken.name });
  expect(await sh(made.id, 'cat /dev/shm/file')).toBe('kept\n');
  await capsules.destroy(made.id);
  await snapshots.delete(taken.name);
  await capsules.resume(source.id);
  expect(await sh(source.id, 'cat /dev/shm/file')).toBe('kept\n');
});

it('a capsule that was started from a snapshot keeps all it needs when the snapshot is deleted', async () => {
  await using source = await capsule();
  await sh(source.id, 'head -c 3000000 /dev/urandom > /root/file; sync; cp /root/file /dev/shm/file');
  const { snapshots, capsules } = client();
  const taken = await capsules.checkpoint(source.id);
  expect(taken.name).toMatch(/^checkpoint-[0-9a-f]{8}$/);
  const made = await capsules.create({ template: taken.name });
  const sums = await sh(made.id, 'sha256sum /root/file /dev/shm/file');
  await capsules.pause(made.id);
  await snapshots.delete(taken.name);
  await expect(capsules.create({ template: taken.name })).rejects.toMatchObject({ code: 'not_found' });
  await capsules.resume(made.id);
  expect(await sh(made.id, 'sha256sum /root/file /dev/shm/file')).toBe(sums);
  await capsules.destroy(made.id);
});

it('a name that is taken, a platform name and a wrong name are refused, and nothing else happens', async () => {
  await using source = await capsule();
  const { snapshots } = client();
  const taken = await snapshots.create({ capsuleId: source.id, name: name('taken') });
  await expect(snapshots.create({ capsuleId: source.id, name: taken.name })).rejects.toMatchObject({
    code: 'template_name_taken',
  });
  await expect(snapshots.create({ capsuleId: source.id, name: 'minimal' })).rejects.toMatchObject({
    code: 'name_reserved',
  });
  await expect(snapshots.create({ capsuleId: source.id, name: '../x' })).rejects.toMatchObject({
    code: 'invalid_request',
  });
  expect((await call('DELETE', '/v1/snapshots/minimal')).status).toBe(403);
  await snapshots.delete(taken.name);
  expect((await call('DELETE', `/v1/snapshots/${taken.name}`)).status).toBe(404);
  expect(await sh(source.id, 'echo runs')).toBe('runs\n');
});

it('snapshots are listed by type', async () => {
  await using source = await capsule();
  const { snapshots } = client();
  const taken = await snapshots.create({ capsuleId: source.id, name: name('listed') });
  const own = (await snapshots.list({ type: 'snapshot' })).map((snapshot) => snapshot.name);
  const base = (await snapshots.list({ type: 'base' })).map((snapshot) => snapshot.name);
  expect(own).toContain(taken.name);
  expect(own).not.toContain('minimal');
  expect(base).toContain('minimal');
  await snapshots.delete(taken.name);
});
