import { newId, uuidFromId } from '@wrenn/core';
import { FakeHostAgent } from '@wrenn/testkit';
import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { Rest } from '../snapshots/testing/rest.ts';
import { insertMember } from '../teams/members.ts';
import { type Person, person, signIn } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';

describeOnPostgres('API keys over REST', { startAgent: (tls) => FakeHostAgent.start(tls) }, (server) => {
  let ann: Person;
  beforeAll(async () => {
    ann = await person(server().controlPlane, 'Ann');
  });

  const database = () => server().controlPlane.context.database;
  const withKey = (key: unknown) => new Rest(server().url, String(key));
  const statusOf = async (key: unknown) => (await withKey(key).ask('GET', '/capsules')).status;
  /** A member of Ann's team, in it. */
  const member = async (name: string, role: 'admin' | 'member' = 'member') => {
    const other = await person(server().controlPlane, name);
    await insertMember(database(), ann.teamId, other.id, role);
    return { ...other, ...(await signIn(server().controlPlane, other, ann.teamId)) };
  };
  const actions = async () =>
    (
      await database()
        .selectFrom('audit_entries')
        .select(['action', 'resource_id', 'metadata'])
        .where('team_id', '=', uuidFromId(ann.teamId))
        .where('resource_type', '=', 'api_key')
        .orderBy('number')
        .execute()
    ).map(({ action, resource_id: id }) => ({ action, id }));

  test('a key is shown once, works, and is listed by its beginning with who made it', async () => {
    const made = await ann.rest.get('POST', '/api-keys', { name: 'CI <b>' });
    expect(made).toMatchObject({
      id: expect.stringMatching(/^key-/),
      team_id: ann.teamId,
      name: 'CI <b>',
      key: expect.stringMatching(/^wrn_[0-9a-f]{32}$/),
      key_prefix: String(made['key']).slice(0, 10),
      scopes: ['all'],
      created_by: ann.id,
      creator_email: ann.email,
    });
    expect(await statusOf(made['key'])).toBe(200);
    const listed = await ann.rest.ask('GET', '/api-keys');
    expect(listed.body).toMatchObject([{ id: made['id'], last_used: expect.any(String) }]);
    expect(JSON.stringify(listed.body)).not.toContain(String(made['key']));
  });

  test('without a name and a shape it gets the usual ones; the other shape is that of E2B', async () => {
    expect(await ann.rest.get('POST', '/api-keys', {})).toMatchObject({ name: 'Unnamed API Key' });
    const made = await ann.rest.get('POST', '/api-keys', { shape: 'e2b' });
    expect(made['key']).toMatch(/^e2b_[0-9a-f]{40}$/);
    expect(await statusOf(made['key'])).toBe(200);
  });

  test('a key can do what its scopes say, and nothing else', async () => {
    const { key } = await ann.rest.get('POST', '/api-keys', { scopes: ['capsules:read'] });
    expect(await statusOf(key)).toBe(200);
    expect(await withKey(key).ask('POST', '/capsules', {})).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden' } },
    });
    expect((await withKey(key).ask('POST', '/api-keys', {})).status).toBe(403);
  });

  test('a key that has expired is none any more', async () => {
    const { id, key, expires_at: at } = await ann.rest.get('POST', '/api-keys', { expires_in_days: 1 });
    expect(Date.parse(String(at))).toBeGreaterThan(Date.now());
    expect(await statusOf(key)).toBe(200);
    await database()
      .updateTable('api_keys')
      .set({ expires_at: sql<Date>`now()` })
      .where('key_prefix', '=', String(key).slice(0, 10))
      .execute();
    expect(await statusOf(key)).toBe(401);
    const listed = (await ann.rest.ask('GET', '/api-keys')).body;
    expect(listed).toEqual(expect.arrayContaining([expect.objectContaining({ id })]));
  });

  test('it can expire at a moment that is said', async () => {
    const at = new Date(Date.now() + 3_600_000).toISOString();
    expect(await ann.rest.get('POST', '/api-keys', { expires_at: at })).toMatchObject({ expires_at: at });
  });

  test('a key that is revoked is none from the next request on, and revoking it again succeeds', async () => {
    const { id, key } = await ann.rest.get('POST', '/api-keys', {});
    expect(await statusOf(key)).toBe(200);
    expect((await ann.rest.ask('DELETE', `/api-keys/${String(id)}`)).status).toBe(204);
    expect(await statusOf(key)).toBe(401);
    expect((await ann.rest.ask('DELETE', `/api-keys/${String(id)}`)).status).toBe(204);
    const written = (await actions()).filter((entry) => entry.id === id);
    expect(written.map(({ action }) => action)).toEqual(['create', 'use', 'revoke']);
  });

  test('a key of another team is answered as one that is not there, and stays', async () => {
    const stranger = await person(server().controlPlane, 'Eve');
    const { id, key } = await ann.rest.get('POST', '/api-keys', {});
    for (const unknown of [String(id), newId('apiKey')]) {
      expect((await stranger.rest.ask('DELETE', `/api-keys/${unknown}`)).status).toBe(204);
    }
    expect(await statusOf(key)).toBe(200);
    expect((await stranger.rest.ask('GET', '/api-keys')).body).toEqual([]);
  });

  test('members revoke their own keys, admins all', async () => {
    const [bob, cid] = [await member('Bob'), await member('Cid', 'admin')];
    const hers = await ann.rest.get('POST', '/api-keys', {});
    const his = await bob.rest.get('POST', '/api-keys', {});
    expect((await bob.rest.ask('DELETE', `/api-keys/${String(hers['id'])}`)).status).toBe(403);
    expect(await statusOf(hers['key'])).toBe(200);
    expect((await bob.rest.ask('DELETE', `/api-keys/${String(his['id'])}`)).status).toBe(204);
    expect((await cid.rest.ask('DELETE', `/api-keys/${String(hers['id'])}`)).status).toBe(204);
    expect([await statusOf(his['key']), await statusOf(hers['key'])]).toEqual([401, 401]);
  });

  test("a member's key stays when the member is removed, who then makes none", async () => {
    const dan = await member('Dan');
    const { key } = await dan.rest.get('POST', '/api-keys', {});
    expect((await ann.rest.ask('DELETE', `/teams/${ann.teamId}/members/${dan.id}`)).status).toBe(204);
    expect(await statusOf(key)).toBe(200);
    expect(await dan.rest.ask('POST', '/api-keys', {})).toMatchObject({
      status: 403,
      body: { error: { code: 'no_team' } },
    });
  });

  test.each([
    ['an empty name', { name: '' }, 'name'],
    ['a name of 101 characters', { name: 'x'.repeat(101) }, 'name'],
    ['a name with a control character', { name: 'a\u0007' }, 'name'],
    ['half of a surrogate pair', { name: '\ud800' }, 'name'],
    ['no scopes', { scopes: [] }, 'scopes'],
    ['an unknown scope', { scopes: ['capsules:destroy'] }, 'scopes.0'],
    ['a time that is over', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['a time that is none', { expires_at: 'soon' }, 'expires_at'],
    ['no days', { expires_in_days: 0 }, 'expires_in_days'],
    ['two times', { expires_in_days: 1, expires_at: '2999-01-01T00:00:00Z' }, 'expires_in_days'],
    ['an unknown shape', { shape: 'aws' }, 'shape'],
    ['an unknown field', { team_id: 'x' }, 'team_id'],
  ])('%s is refused by name', async (_, body, field) => {
    expect(await ann.rest.ask('POST', '/api-keys', body)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', field } },
    });
  });

  test('a name of a megabyte is refused, and one that is SQL is a name', async () => {
    expect((await ann.rest.ask('POST', '/api-keys', { name: 'x'.repeat(2 ** 20) })).status).toBe(413);
    const name = "'); drop table api_keys; --";
    expect(await ann.rest.get('POST', '/api-keys', { name })).toMatchObject({ name });
  });
});
