import { type CapsuleId, parseId, uuidFromId } from '@wrenn/core';
import { FakeHost } from '@wrenn/testkit';
import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { removeOldOperations } from './remove-old.ts';
import { insertOperation } from './store.ts';

type Shown = Readonly<Record<string, unknown>>;

describeOnPostgres('operations', { startAgent: (tls) => FakeHost.start(tls) }, (server) => {
  let ann: Person;
  beforeAll(async () => {
    ann = await person(server().controlPlane, 'Ann');
  });

  const database = () => server().controlPlane.context.database;
  const of = async (id: string) =>
    (await ann.rest.get('GET', `/capsules/${id}/operations`)) as unknown as readonly Shown[];
  const kinds = async (id: string) => (await of(id)).map(({ kind }) => kind);

  test('say what was done with a capsule, by whom, and what its time went to', async () => {
    const id = await ann.rest.capsule();
    const { job_id: job } = await ann.rest.get('POST', `/capsules/${id}/pause`, {});
    await ann.rest.get('POST', `/capsules/${id}/resume`, {});
    await ann.rest.get('POST', `/capsules/${id}/checkpoint`, {});
    await ann.rest.ask('DELETE', `/capsules/${id}`);
    expect(await kinds(id)).toEqual(['destroy', 'checkpoint', 'resume', 'pause', 'create']);
    const found = await of(id);
    for (const operation of found) {
      expect(operation).toMatchObject({
        outcome: 'succeeded',
        actor: { type: 'user', id: ann.id, name: 'Ann' },
        started_at: expect.stringMatching(/^20/),
        finished_at: expect.stringMatching(/^20/),
        duration_ms: expect.any(Number),
      });
    }
    const [, checkpoint, resume, pause, create] = found;
    expect(pause).toMatchObject({ job_id: job, still_ms: expect.any(Number) });
    expect(checkpoint).toMatchObject({
      steps: expect.arrayContaining([{ name: 'memory', duration_ms: 60 }]),
    });
    expect(create?.['steps']).toContainEqual({ name: 'schedule', duration_ms: expect.any(Number) });
    for (const restore of [create, resume]) {
      expect(restore?.['receipt']).toMatchObject({
        clock: { steppedByMs: expect.any(Number) },
        entropy: { reseeded: true },
        identity: { hostname: id },
      });
    }
  });

  test('of a fork are with its parent, and the receipt of each child with the child', async () => {
    const id = await ann.rest.capsule();
    const { capsules } = await ann.rest.get('POST', `/capsules/${id}/fork`, { count: 2 });
    expect(await kinds(id)).toEqual(['fork', 'create']);
    expect((await of(id))[0]?.['steps']).not.toEqual([]);
    for (const child of capsules as readonly Shown[]) {
      const [made] = await of(String(child['id']));
      expect(made).toMatchObject({ kind: 'fork', receipt: { identity: { hostname: child['id'] } } });
    }
  });

  test('have also what failed, but not what was refused', async () => {
    const id = await ann.rest.capsule();
    expect((await ann.rest.ask('POST', `/capsules/${id}/resume`, {})).status).toBe(409);
    server().agent.guests.delete(id);
    expect((await ann.rest.ask('POST', `/capsules/${id}/checkpoint`, {})).status).toBeGreaterThan(400);
    const found = await of(id);
    expect(found.map(({ kind }) => kind)).not.toContain('resume');
  });

  test("are nobody else's", async () => {
    const id = await ann.rest.capsule();
    const stranger = await person(server().controlPlane, 'Stranger');
    expect((await stranger.rest.ask('GET', `/capsules/${id}/operations`)).status).toBe(404);
  });

  test('are the last fifty, of the last thirty days', async () => {
    const id = parseId('capsule', await ann.rest.capsule());
    const add = async (capsuleId: CapsuleId, startedAt: Date) =>
      await insertOperation(database(), {
        ...{ capsuleId, teamId: ann.teamId, kind: 'pause', steps: [], startedAt, finishedAt: startedAt },
        actor: { type: 'system', name: 'test' },
      });
    for (let count = 1; count <= 60; count += 1) await add(id, new Date(Date.now() + count));
    expect(await of(id)).toHaveLength(50);
    expect(await kinds(id)).not.toContain('create');
    await sql`update capsule_operations set finished_at = now() - interval '31 days'
                 where capsule_id = ${uuidFromId(id)} and kind = 'pause'`.execute(database());
    await removeOldOperations({ database: database() }, new AbortController().signal);
    expect(await of(id)).toEqual([]);
  });
});
