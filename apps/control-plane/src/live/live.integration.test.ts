import { parseId, until, uuidFromId } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { FakeHostAgent } from '@wrenn/testkit';
import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { startControlPlane } from '../control-plane.ts';
import { insertMember, removeMember } from '../teams/members.ts';
import { type Person, person, signIn } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { revokeSessions } from '../users/login-sessions.ts';
import { Following, type Told } from './testing/following.ts';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const isOf = (kind: string, id: string, action?: string) => (told: Told) =>
  told.event === kind && told.data['id'] === id && (action === undefined || told.data['action'] === action);

describeOnPostgres('live updates', { startAgent: (tls) => FakeHostAgent.start(tls) }, (server) => {
  let ann: Person;
  beforeAll(async () => {
    ann = await person(server().controlPlane, 'Ann');
  });

  const database = () => server().controlPlane.context.database;
  const follow = async (token: string, path = '/v1/live', also: Record<string, string> = {}) =>
    await Following.start(`${server().url}${path}`, { ...bearer(token), ...also });

  test('tell of a capsule that is made and destroyed, as the list has it', async () => {
    using following = await follow(ann.token);
    const id = await ann.rest.capsule({ metadata: { name: 'mine' } });
    const { data } = await following.next(
      (told) => isOf('capsule', id)(told) && (told.data['capsule'] as Told['data'])['status'] === 'running',
    );
    const { steps: _, ...listed } = await ann.rest.get('GET', `/capsules/${id}`);
    expect(data['capsule']).toEqual(listed);
    expect(data['team_id']).toBe(ann.teamId);
    expect(following.events.filter(isOf('capsule', id, 'created'))).not.toHaveLength(0);
    await ann.rest.ask('DELETE', `/capsules/${id}`);
    const gone = await following.next(isOf('capsule', id, 'removed'));
    expect(gone.data['capsule']).toMatchObject({ status: 'stopped' });
  });

  test('leave out a capsule that is large', async () => {
    using following = await follow(ann.token);
    const id = await ann.rest.capsule({
      metadata: Object.fromEntries([1, 2, 3, 4, 5].map((n) => [n, 'x'.repeat(4000)])),
    });
    const { data } = await following.next(isOf('capsule', id));
    expect(data).not.toHaveProperty('capsule');
  });

  test('tell nothing of other teams', async () => {
    const bob = await person(server().controlPlane, 'Bob');
    using ofBob = await follow(bob.token);
    const theirs = await ann.rest.capsule();
    await ann.rest.get('POST', '/api-keys', { name: 'theirs' });
    const id = await bob.rest.capsule();
    // Whatever was to be told of what was done before has been told by then.
    await ofBob.next(isOf('capsule', id));
    expect(JSON.stringify(ofBob.events)).not.toContain(theirs);
    expect(JSON.stringify(ofBob.events)).not.toContain(ann.teamId);
  });

  test('tell of keys, channels, invitations, members and the team', async () => {
    using following = await follow(ann.token);
    const { id: key } = await ann.rest.get('POST', '/api-keys', { name: 'one' });
    await following.next(isOf('key', String(key), 'created'));
    await ann.rest.ask('DELETE', `/api-keys/${String(key)}`);
    await following.next(isOf('key', String(key), 'removed'));
    const eve = await person(server().controlPlane, 'Eve');
    await insertMember(database(), ann.teamId, eve.id, 'member');
    await following.next(isOf('member', eve.id, 'created'));
    await removeMember(database(), ann.teamId, eve.id);
    await following.next(isOf('member', eve.id, 'removed'));
    await ann.rest.get('PATCH', `/teams/${ann.teamId}`, { name: 'Renamed' });
    await following.next(isOf('team', ann.teamId, 'changed'));
  });

  test('tell a key with a scope what it may read, and refuse it without', async () => {
    const { key } = await ann.rest.get('POST', '/api-keys', { name: 'narrow', scopes: ['capsules:read'] });
    using following = await Following.start(`${server().url}/v1/live`, { 'x-api-key': String(key) });
    await ann.rest.get('POST', '/api-keys', { name: 'another' });
    const id = await ann.rest.capsule();
    await following.next(isOf('capsule', id));
    expect(following.events.map(({ event }) => event)).not.toContain('key');
    const { key: other } = await ann.rest.get('POST', '/api-keys', { name: 'x', scopes: ['files:read'] });
    using refused = await Following.start(`${server().url}/v1/live`, { 'x-api-key': String(other) });
    expect(refused.status).toBe(403);
  });

  test('tell a client that comes back to load everything anew', async () => {
    using following = await follow(ann.token, '/v1/live', { 'last-event-id': '7' });
    expect((await following.next(({ event }) => event === 'resync')).data).toEqual({
      reason: 'reconnected',
    });
  });

  test('tell administrators of the installation, and of the platform alone where it is about capsules', async () => {
    const root = await person(server().controlPlane, 'Root', { isAdmin: true });
    using following = await follow(root.token, '/v1/admin/live');
    using refused = await follow(ann.token, '/v1/admin/live');
    expect(refused.status).toBe(403);
    const theirs = await ann.rest.capsule();
    const { id } = await root.rest.get('POST', '/admin/capsules', {});
    const carl = await person(server().controlPlane, 'Carl');
    await following.next(isOf('user', carl.id, 'created'));
    await following.next(isOf('team', carl.teamId, 'created'));
    await following.next(isOf('capsule', String(id)));
    expect(JSON.stringify(following.events)).not.toContain(theirs);
  });

  test('end when the session is revoked', async () => {
    const dan = await person(server().controlPlane, 'Dan');
    using following = await follow(dan.token);
    await revokeSessions(database(), dan.id, 'all');
    await following.over;
    using again = await follow(dan.token);
    expect(again.status).toBe(401);
  });

  test('end when the user is removed from the team, or the team is deleted', async () => {
    const fay = await person(server().controlPlane, 'Fay');
    const gil = await person(server().controlPlane, 'Gil');
    await insertMember(database(), ann.teamId, gil.id, 'member');
    const guest = await signIn(server().controlPlane, gil, ann.teamId);
    using ofFay = await follow(fay.token);
    using ofGil = await follow(guest.token);
    await removeMember(database(), ann.teamId, gil.id);
    await fay.rest.get('DELETE', `/teams/${fay.teamId}`);
    await ofFay.next(isOf('team', fay.teamId, 'removed'));
    await Promise.all([ofFay.over, ofGil.over]);
  });

  test('are bounded for each user', async () => {
    const gus = await person(server().controlPlane, 'Gus');
    using open = new DisposableStack();
    for (let count = 0; count < 20; count += 1) open.use(await follow(gus.token));
    using refused = await follow(gus.token);
    expect(refused.status).toBe(429);
    using ofAnn = await follow(ann.token);
    expect(ofAnn.status).toBe(200);
  });

  test('tell those who read although another does not, which is told that it missed something', async () => {
    using slow = await follow(ann.token);
    using quick = await follow(ann.token);
    slow.stopReading();
    const id = await ann.rest.capsule({ metadata: { text: 'x'.repeat(4096), more: 'y'.repeat(3000) } });
    await sql`
        insert into capsules (id, team_id, host_id, template_id, template, status, vcpus, memory_mb, disk_size_mb,
                              timeout_sec, metadata)
        select gen_random_uuid(), team_id, host_id, template_id, template, 'stopped', 1, 1, 1, timeout_sec, metadata
          from capsules, generate_series(1, 150) where id = ${uuidFromId(parseId('capsule', id))}`.execute(
      database(),
    );
    // More than all buffers between them hold.
    for (let timeout = 1; timeout <= 15; timeout += 1) {
      await database().updateTable('capsules').set({ timeout_sec: timeout }).execute();
      await quick.next(
        (told) =>
          isOf('capsule', id)(told) && (told.data['capsule'] as Told['data'])['timeout_sec'] === timeout,
      );
    }
    slow.readAgain();
    const { data } = await slow.next(({ event }) => event === 'resync');
    expect(data).toEqual({ reason: 'lagging' });
    expect(quick.events.map(({ event }) => event)).not.toContain('resync');
  });

  test('tell once that very many capsules of a team changed', async () => {
    using following = await follow(ann.token);
    const id = await ann.rest.capsule();
    await sql`
        insert into capsules (id, team_id, host_id, template_id, template, status, vcpus, memory_mb, disk_size_mb, timeout_sec)
        select gen_random_uuid(), team_id, host_id, template_id, template, 'stopped', 1, 1, 1, 0
          from capsules, generate_series(1, 600) where id = ${uuidFromId(parseId('capsule', id))}`.execute(
      database(),
    );
    const { data } = await following.next(({ event }) => event === 'resync');
    expect(data).toEqual({ reason: 'burst', of: ['capsule'] });
    // A change that comes while the burst lasts is told by another resync, later ones by themselves.
    const later = await ann.rest.capsule();
    await until(
      () =>
        following.events.filter(({ event }) => event === 'resync').length > 1 ||
        following.events.some(isOf('capsule', later)) ||
        undefined,
      20,
      AbortSignal.timeout(20_000),
    );
  });

  test('come from whichever control plane made the change, and end at once when theirs stops', async () => {
    const { config } = server();
    const other = await startControlPlane({
      config: { ...config, listenAddress: { host: '127.0.0.1', port: 0 } },
      log: createLogger('test', 'silent'),
    });
    await using _stop = { [Symbol.asyncDispose]: () => other.stop('leave') };
    using there = await Following.start(`${other.url}/v1/live`, bearer(ann.token));
    const id = await ann.rest.capsule();
    await there.next(isOf('capsule', id));
    void other.stop('leave');
    await there.over;
  });

  test('go on when the connection to the database broke, and say that something may have been missed', async () => {
    using following = await follow(ann.token);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
                 where application_name = 'wrenn-live' and datname = current_database()`.execute(database());
    expect((await following.next(({ event }) => event === 'resync')).data).toEqual({ reason: 'gap' });
    const id = await ann.rest.capsule();
    await following.next(isOf('capsule', id));
  });
});
