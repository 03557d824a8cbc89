import { uuidFromId } from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { insertMember } from './members.ts';
import { type Person, person, signIn } from './testing/people.ts';

const forbidden = { status: 403, body: { error: { code: 'forbidden' } } };

describeOnPostgres('members over REST', { startAgent: (tls) => FakeStateHost.start(tls) }, (server) => {
  let ann: Person;
  let bob: Person;
  /** Ann owns it, Bob is an admin, Cid a member; nobody's session acts for it. */
  let team: string;
  let cid: Person;
  beforeAll(async () => {
    ann = await person(server().controlPlane, 'Ann');
    bob = await person(server().controlPlane, 'Bob');
    cid = await person(server().controlPlane, 'Cid');
    team = await newTeam();
  });

  const database = () => server().controlPlane.context.database;
  const newTeam = async () => {
    const id = String((await ann.rest.get('POST', '/teams', { name: 'Crew' }))['id']);
    const teamId = id as Person['teamId'];
    await insertMember(database(), teamId, bob.id, 'admin');
    await insertMember(database(), teamId, cid.id, 'member');
    return id;
  };
  const rolesIn = async (id: string) => {
    const { body } = await ann.rest.ask('GET', `/teams/${id}/members`);
    const members = body as unknown as { user_id: string; role: string }[];
    return Object.fromEntries(members.map(({ user_id: user, role }) => [user, role]));
  };
  const written = async (id: string, resource: string) =>
    (
      await database()
        .selectFrom('audit_entries')
        .select(['action', 'resource_id', 'personal', 'actor_id'])
        .where('team_id', '=', uuidFromId(id as Person['teamId']))
        .where('resource_type', '=', resource)
        .orderBy('number')
        .execute()
    ).map(({ action, ...entry }) => ({ action, ...entry }));

  test('whoever has an account is added at once, and mailed', async () => {
    const dan = await person(server().controlPlane, 'Dan');
    const added = await bob.rest.ask('POST', `/teams/${team}/members`, { email: dan.email.toUpperCase() });
    expect(added).toEqual({ status: 201, body: { email: dan.email, role: 'member' } });
    expect((await rolesIn(team))[dan.id]).toBe('member');
    expect(await bob.rest.ask('POST', `/teams/${team}/members`, { email: dan.email })).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', field: 'email' } },
    });
    await dan.rest.get('POST', `/teams/${team}/leave`, {});
    expect((await written(team, 'member')).slice(-2)).toMatchObject([
      { action: 'add', resource_id: dan.id, personal: { email: dan.email }, actor_id: bob.id },
      { action: 'leave', resource_id: dan.id, actor_id: dan.id },
    ]);
  });

  test('whoever has none is answered the same, and invited', async () => {
    const email = 'nobody@example.org';
    expect(await bob.rest.ask('POST', `/teams/${team}/members`, { email })).toEqual({
      status: 201,
      body: { email, role: 'member' },
    });
    const { body } = await bob.rest.ask('GET', `/teams/${team}/invitations`);
    expect(body).toMatchObject([{ email, role: 'member', invited_by: bob.id }]);
  });

  test('members add, invite, promote and remove nobody', async () => {
    const refused = await Promise.all([
      cid.rest.ask('POST', `/teams/${team}/members`, { email: 'a@example.org' }),
      cid.rest.ask('POST', `/teams/${team}/invitations`, { email: 'a@example.org' }),
      cid.rest.ask('GET', `/teams/${team}/invitations`),
      cid.rest.ask('PATCH', `/teams/${team}/members/${cid.id}`, { role: 'admin' }),
      cid.rest.ask('DELETE', `/teams/${team}/members/${bob.id}`),
      cid.rest.ask('POST', `/teams/${team}/transfer`, { user_id: cid.id }),
      bob.rest.ask('POST', `/teams/${team}/transfer`, { user_id: bob.id }),
      cid.rest.ask('DELETE', `/teams/${team}`),
      bob.rest.ask('DELETE', `/teams/${team}`),
    ]);
    for (const answer of refused) expect(answer).toMatchObject(forbidden);
  });

  test('the owner is not changed, not removed, and does not leave', async () => {
    for (const answer of [
      await bob.rest.ask('PATCH', `/teams/${team}/members/${ann.id}`, { role: 'member' }),
      await bob.rest.ask('DELETE', `/teams/${team}/members/${ann.id}`),
      await ann.rest.ask('DELETE', `/teams/${team}/members/${ann.id}`),
      await ann.rest.ask('POST', `/teams/${team}/leave`, {}),
    ]) {
      expect(answer).toMatchObject(forbidden);
    }
    expect((await rolesIn(team))[ann.id]).toBe('owner');
  });

  test('a role counts from the next request on', async () => {
    const id = await newTeam();
    const session = await signIn(server().controlPlane, cid, id as Person['teamId']);
    expect(await session.rest.ask('PATCH', `/teams/${id}`, { name: 'Mine' })).toMatchObject(forbidden);
    await bob.rest.get('PATCH', `/teams/${id}/members/${cid.id}`, { role: 'admin' });
    expect((await session.rest.ask('PATCH', `/teams/${id}`, { name: 'Mine' })).status).toBe(204);
    await bob.rest.get('PATCH', `/teams/${id}/members/${cid.id}`, { role: 'member' });
    expect(await session.rest.ask('PATCH', `/teams/${id}`, { name: 'Ours' })).toMatchObject(forbidden);
    expect((await written(id, 'member')).map(({ action }) => action)).toEqual(['role_update', 'role_update']);
  });

  test('a member that is removed has lost the team, and what acts for it says so', async () => {
    const id = await newTeam();
    const session = await signIn(server().controlPlane, cid, id as Person['teamId']);
    expect((await session.rest.ask('GET', '/capsules')).status).toBe(200);
    await bob.rest.get('DELETE', `/teams/${id}/members/${cid.id}`);
    expect(await session.rest.ask('GET', '/capsules')).toMatchObject({
      status: 403,
      body: { error: { code: 'no_team' } },
    });
    expect(await session.rest.ask('GET', `/teams/${id}`)).toMatchObject(forbidden);
    expect((await bob.rest.ask('DELETE', `/teams/${id}/members/${cid.id}`)).status).toBe(404);
    expect((await bob.rest.ask('PATCH', `/teams/${id}/members/${cid.id}`, { role: 'admin' })).status).toBe(
      404,
    );
  });

  test('ownership goes to another member, and there is one owner at each moment', async () => {
    const id = await newTeam();
    const eve = await person(server().controlPlane, 'Eve');
    expect((await ann.rest.ask('POST', `/teams/${id}/transfer`, { user_id: eve.id })).status).toBe(404);
    expect((await ann.rest.ask('POST', `/teams/${id}/transfer`, { user_id: ann.id })).status).toBe(400);
    const both = await Promise.all(
      [bob, cid].map(({ id: user }) => ann.rest.ask('POST', `/teams/${id}/transfer`, { user_id: user })),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual([204, 403]);
    const roles = await rolesIn(id);
    expect(Object.values(roles).filter((role) => role === 'owner')).toHaveLength(1);
    expect(roles[ann.id]).toBe('admin');
    expect((await written(id, 'team')).map(({ action }) => action)).toEqual(['create', 'transfer']);
  });
});
