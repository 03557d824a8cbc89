import { newId, uuidFromId } from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { Rest } from '../snapshots/testing/rest.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { insertMember } from './members.ts';
import { type Person, person, signIn } from './testing/people.ts';

const forbidden = { status: 403, body: { error: { code: 'forbidden' } } };

describeOnPostgres('teams over REST', { startAgent: (tls) => FakeStateHost.start(tls) }, (server) => {
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

  test('a team is made with an owner, and is among the teams of theirs alone', async () => {
    const made = await ann.rest.ask('POST', '/teams', { name: "  Ann's crew-1 @ Wrenn  " });
    expect(made).toMatchObject({
      status: 201,
      body: {
        id: expect.stringMatching(/^team-[0-9a-z]{25}$/),
        name: "Ann's crew-1 @ Wrenn",
        slug: expect.stringMatching(/^[0-9a-f]{6}-[0-9a-f]{6}$/),
        is_byoc: false,
        audits_access: false,
        role: 'owner',
      },
    });
    const { id } = made.body ?? {};
    const namesOf = async (someone: Person) =>
      ((await someone.rest.ask('GET', '/teams')).body as unknown as { id: string }[]).map((each) => each.id);
    expect(await namesOf(ann)).toEqual(expect.arrayContaining([id, ann.teamId]));
    expect(await namesOf(cid)).not.toContain(id);
  });

  test('every member sees the team and who is in it, whichever team their session acts for', async () => {
    for (const someone of [ann, bob, cid]) {
      const { body } = await someone.rest.ask('GET', `/teams/${team}`);
      expect(body).toMatchObject({ team: { id: team, name: 'Crew' } });
      expect(body?.['members']).toHaveLength(3);
    }
    const listed = await cid.rest.ask('GET', `/teams/${team}/members`);
    expect(listed.body).toMatchObject([
      { user_id: ann.id, name: 'Ann', email: ann.email, role: 'owner', joined_at: expect.any(String) },
      { user_id: bob.id, role: 'admin' },
      { user_id: cid.id, role: 'member' },
    ]);
  });

  test('a team of others, one that is not there, and one that is deleted look the same', async () => {
    const eve = await person(server().controlPlane, 'Eve');
    const gone = await newTeam();
    await ann.rest.get('DELETE', `/teams/${gone}`);
    for (const id of [team, newId('team'), gone]) {
      const answers = await Promise.all(
        (
          [
            ['GET', `/teams/${id}`],
            ['GET', `/teams/${id}/members`],
            ['GET', `/teams/${id}/invitations`],
            ['PATCH', `/teams/${id}`, { name: 'Mine' }],
            ['POST', `/teams/${id}/members`, { email: eve.email }],
            ['POST', `/teams/${id}/invitations`, { email: eve.email }],
            ['POST', `/teams/${id}/transfer`, { user_id: eve.id }],
            ['POST', `/teams/${id}/leave`, {}],
            ['DELETE', `/teams/${id}/members/${bob.id}`],
            ['DELETE', `/teams/${id}`],
          ] as const
        ).map(([method, path, body]) => eve.rest.ask(method, path, body)),
      );
      for (const answer of answers) {
        expect(answer).toMatchObject(forbidden);
        expect(JSON.stringify(answer.body).replace(id, '')).toBe(
          JSON.stringify(answers[0]?.body).replace(id, ''),
        );
      }
    }
  });

  test('owners and admins rename it and switch the log of access on; members do not', async () => {
    const id = await newTeam();
    expect(await cid.rest.ask('PATCH', `/teams/${id}`, { name: 'Mine' })).toMatchObject(forbidden);
    expect((await bob.rest.ask('PATCH', `/teams/${id}`, { name: 'Équipe 1' })).status).toBe(204);
    expect((await bob.rest.ask('PATCH', `/teams/${id}`, { audits_access: true })).status).toBe(204);
    expect((await bob.rest.ask('PATCH', `/teams/${id}`, { audits_access: true })).status).toBe(204);
    expect(await ann.rest.get('GET', `/teams/${id}`)).toMatchObject({
      team: { name: 'Équipe 1', audits_access: true },
    });
    expect((await written(id, 'team')).map(({ action }) => action)).toEqual(['create', 'rename', 'settings']);
  });

  test.each([
    '',
    '   ',
    '<script>alert(1)</script>',
    'a\u0000b',
    'a\nb',
    '\u202eevil',
    'x'.repeat(129),
    "'; drop table teams; --",
  ])('%j is no name of a team', async (name) => {
    const refused = { status: 400, body: { error: { code: 'invalid_request', field: 'name' } } };
    expect(await ann.rest.ask('POST', '/teams', { name })).toMatchObject(refused);
    expect(await ann.rest.ask('PATCH', `/teams/${team}`, { name })).toMatchObject(refused);
  });

  test('a name of a megabyte, no change, and a field that is not there are refused', async () => {
    expect((await ann.rest.ask('POST', '/teams', { name: 'x'.repeat(2 ** 20) })).status).toBe(413);
    expect((await ann.rest.ask('PATCH', `/teams/${team}`, {})).status).toBe(400);
    expect((await ann.rest.ask('PATCH', `/teams/${team}`, { is_byoc: true })).status).toBe(400);
  });

  test('a team that is deleted is gone with all that it had', async () => {
    const id = await newTeam();
    const session = await signIn(server().controlPlane, ann, id as Person['teamId']);
    const { key } = await session.rest.get('POST', '/api-keys', {});
    const capsule = await session.rest.capsule();
    await session.rest.get('POST', '/snapshots', { sandbox_id: capsule, name: 'kept' });
    await session.rest.get('POST', `/teams/${id}/invitations`, { email: 'late@example.org' });
    expect([server().agent.capsules.has(capsule), server().agent.snapshots.size]).toEqual([true, 1]);

    expect((await session.rest.ask('DELETE', `/teams/${id}`)).status).toBe(204);

    expect([server().agent.capsules.has(capsule), server().agent.snapshots.size]).toEqual([false, 0]);
    expect((await new Rest(server().url, String(key)).ask('GET', '/capsules')).status).toBe(401);
    expect(await session.rest.ask('GET', '/capsules')).toMatchObject({ status: 403 });
    expect((await ann.rest.ask('DELETE', `/teams/${id}`)).status).toBe(403);
    expect((await written(id, 'team')).map(({ action }) => action)).toEqual(['create', 'delete']);
    for (const table of ['api_keys', 'channels', 'invitations'] as const) {
      const rows = await database()
        .selectFrom(table)
        .where('team_id', '=', uuidFromId(id as Person['teamId']))
        .select('id')
        .execute();
      expect(rows).toEqual([]);
    }
  });

  test('people are found by the beginning of their address, if they share a team', async () => {
    const stranger = await person(server().controlPlane, 'Bob');
    const prefix = bob.email.slice(0, bob.email.indexOf('@') + 1);
    expect((await cid.rest.ask('GET', `/users/search?email=${prefix.toUpperCase()}`)).body).toEqual([
      { user_id: bob.id, email: bob.email },
    ]);
    expect((await cid.rest.ask('GET', `/users/search?email=${stranger.email}`)).body).toEqual([]);
    expect((await stranger.rest.ask('GET', `/users/search?email=${bob.email}`)).body).toEqual([]);
    expect((await cid.rest.ask('GET', '/users/search?email=%25@%25')).body).toEqual([]);
    for (const query of ['a@', 'bob', '', `${'x'.repeat(300)}@`]) {
      expect((await cid.rest.ask('GET', `/users/search?email=${query}`)).status).toBe(400);
    }
  });

  test('teams and invitations are not made without end', async () => {
    const fay = await person(server().controlPlane, 'Fay');
    const made = await Promise.all(
      Array.from({ length: 21 }, () => fay.rest.ask('POST', '/teams', { name: 'More' })),
    );
    expect(made.filter(({ status }) => status === 429)).toHaveLength(1);
    const path = `/teams/${fay.teamId}/invitations`;
    const asked = await Promise.all(
      Array.from({ length: 6 }, () => fay.rest.ask('POST', path, { email: 'one@example.org' })),
    );
    expect(asked.map(({ status }) => status).toSorted()).toEqual([201, 201, 201, 201, 201, 429]);
    // Whoever may not invite uses nothing up.
    const eve = await person(server().controlPlane, 'Eve');
    for (let times = 0; times < 6; times += 1) {
      await eve.rest.ask('POST', path, { email: 'two@example.org' });
    }
    expect((await fay.rest.ask('POST', path, { email: 'two@example.org' })).status).toBe(201);
  });
});
