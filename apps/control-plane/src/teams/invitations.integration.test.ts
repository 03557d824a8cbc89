import { newId, uuidFromId } from '@wrenn/core';
import { FakeHostAgent } from '@wrenn/testkit';
import { sql } from 'kysely';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { mailsTo, tokenIn } from '../mail/testing/queued-mails.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { type Person, person } from './testing/people.ts';

const invalid = { status: 400, body: { error: { code: 'invalid_token' } } };

describeOnPostgres(
  'invitations over REST',
  { startAgent: (tls) => FakeHostAgent.start(tls), variables: { CP_PUBLIC_URL: 'https://wrenn.example' } },
  (server) => {
    /** Owns the team that invites, a new one in each test. */
    let ann: Person;
    beforeAll(async () => {});
    beforeEach(async () => {
      ann = await person(server().controlPlane, 'Ann');
    });

    const invite = (email: string, role = 'member') =>
      ann.rest.ask('POST', `/teams/${ann.teamId}/invitations`, { email, role });
    const accept = (someone: Person, token: string) =>
      someone.rest.ask('POST', '/invitations/accept', { token });
    const lastMail = async (email: string) => (await mailsTo(server().controlPlane.context, email)).at(-1);
    const waiting = async () => (await ann.rest.ask('GET', `/teams/${ann.teamId}/invitations`)).body;

    test('the mail leads to where it can be accepted, and the database has no token', async () => {
      const bob = await person(server().controlPlane, 'Bob');
      const made = await invite(bob.email, 'admin');
      expect(made).toMatchObject({
        status: 201,
        body: { id: expect.stringMatching(/^inv-/), email: bob.email, role: 'admin', invited_by: ann.id },
      });
      const days = (Date.parse(String(made.body?.['expires_at'])) - Date.now()) / 86_400_000;
      expect(Math.round(days)).toBe(7);
      const mail = await lastMail(bob.email);
      expect(mail).toMatchObject({ kind: 'team_invitation', subject: "Invitation to the team Ann's Team" });
      expect(mail?.button?.url).toMatch(/^https:\/\/wrenn\.example\/invitation\?token=[\w-]{43}$/);
      expect(JSON.stringify(made.body)).not.toContain(tokenIn(mail));
      const rows = await server()
        .controlPlane.context.database.selectFrom('invitations')
        .selectAll()
        .execute();
      expect(JSON.stringify(rows)).not.toContain(tokenIn(mail));
    });

    test('whoever accepts is a member from then on, and the token is used up', async () => {
      const bob = await person(server().controlPlane, 'Bob');
      await invite(bob.email, 'admin');
      const token = tokenIn(await lastMail(bob.email));
      const both = await Promise.all([accept(bob, token), accept(bob, token)]);
      expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400]);
      expect(both.find(({ status }) => status === 200)?.body).toMatchObject({
        id: ann.teamId,
        role: 'admin',
      });
      expect(await accept(bob, token)).toMatchObject(invalid);
      expect((await bob.rest.ask('GET', `/teams/${ann.teamId}`)).status).toBe(200);
      expect(await waiting()).toEqual([]);
    });

    test('the answer does not tell whether the address has an account', async () => {
      const bob = await person(server().controlPlane, 'Bob');
      const [known, unknown] = [await invite(bob.email), await invite('nobody@example.org')];
      const shape = ({ status, body }: typeof known) => [status, Object.keys(body ?? {})];
      expect(shape(known)).toEqual(shape(unknown));
      expect((await lastMail('nobody@example.org'))?.kind).toBe('team_invitation');
    });

    test('somebody who signs up later accepts it then', async () => {
      const email = 'later@example.org';
      await invite(email);
      const later = await person(server().controlPlane, 'Later', { email });
      expect((await accept(later, tokenIn(await lastMail(email)))).status).toBe(200);
    });

    test('whoever it is for reads of what team and by whom, as often as they like', async () => {
      const bob = await person(server().controlPlane, 'Bob');
      const eve = await person(server().controlPlane, 'Eve');
      const { body } = await invite(bob.email, 'admin');
      const token = tokenIn(await lastMail(bob.email));
      const read = (someone: Person, which = token) =>
        someone.rest.ask('POST', '/invitations/read', { token: which });
      const offer = { team_name: "Ann's Team", role: 'admin', invited_by: 'Ann' };
      for (let time = 0; time < 2; time++) {
        expect(await read(bob)).toEqual({
          status: 200,
          body: { ...offer, expires_at: body?.['expires_at'] },
        });
      }
      expect(await read(eve)).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
      expect(await read(bob, 'of-nobody')).toMatchObject(invalid);
      expect((await accept(bob, token)).status).toBe(200);
      expect(await read(bob)).toMatchObject(invalid);
    });

    test('nobody else can use it, and it stays for whom it is for', async () => {
      const bob = await person(server().controlPlane, 'Bob');
      const eve = await person(server().controlPlane, 'Eve');
      await invite(bob.email);
      const token = tokenIn(await lastMail(bob.email));
      expect(await accept(eve, token)).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
      expect((await accept(bob, token)).status).toBe(200);
    });

    test('inviting again voids the mail before', async () => {
      const bob = await person(server().controlPlane, 'Bob');
      await invite(bob.email);
      const first = tokenIn(await lastMail(bob.email));
      await invite(bob.email, 'admin');
      expect(await waiting()).toMatchObject([{ email: bob.email, role: 'admin' }]);
      expect(await accept(bob, first)).toMatchObject(invalid);
      expect((await accept(bob, tokenIn(await lastMail(bob.email)))).body).toMatchObject({ role: 'admin' });
    });

    test('one that is taken back, too old, or of a deleted team is void', async () => {
      const [bob, cid, dan] = [
        await person(server().controlPlane, 'Bob'),
        await person(server().controlPlane, 'Cid'),
        await person(server().controlPlane, 'Dan'),
      ];
      const { body } = await invite(bob.email);
      const path = `/teams/${ann.teamId}/invitations`;
      expect((await ann.rest.ask('DELETE', `${path}/${String(body?.['id'])}`)).status).toBe(204);
      expect((await ann.rest.ask('DELETE', `${path}/${String(body?.['id'])}`)).status).toBe(404);
      expect((await ann.rest.ask('DELETE', `${path}/${newId('invitation')}`)).status).toBe(404);
      expect(await accept(bob, tokenIn(await lastMail(bob.email)))).toMatchObject(invalid);

      await invite(cid.email);
      await server()
        .controlPlane.context.database.updateTable('invitations')
        .set({ expires_at: sql<Date>`now()` })
        .where('team_id', '=', uuidFromId(ann.teamId))
        .execute();
      expect(await accept(cid, tokenIn(await lastMail(cid.email)))).toMatchObject(invalid);
      expect(await waiting()).toEqual([]);

      await invite(dan.email);
      await ann.rest.get('DELETE', `/teams/${ann.teamId}`);
      expect(await accept(dan, tokenIn(await lastMail(dan.email)))).toMatchObject(invalid);
    });

    test('an invitation of another team cannot be taken back', async () => {
      const eve = await person(server().controlPlane, 'Eve');
      const { body } = await invite('nobody@example.org');
      const id = String(body?.['id']);
      expect((await eve.rest.ask('DELETE', `/teams/${eve.teamId}/invitations/${id}`)).status).toBe(404);
      expect((await eve.rest.ask('DELETE', `/teams/${ann.teamId}/invitations/${id}`)).status).toBe(403);
      expect(await waiting()).toMatchObject([{ id }]);
    });

    test('a member is not invited', async () => {
      const bob = await person(server().controlPlane, 'Bob');
      await ann.rest.get('POST', `/teams/${ann.teamId}/members`, { email: bob.email });
      expect(await invite(bob.email)).toMatchObject({ status: 400, body: { error: { field: 'email' } } });
    });

    test.each([
      '',
      'nobody',
      '@',
      'a b@example.org',
      'a@b\r\nBcc: c@example.org',
      'x'.repeat(2 ** 16),
      '<b>@x',
    ])('%j is no address', async (email) => {
      expect(await invite(email)).toMatchObject({ status: 400, body: { error: { field: 'email' } } });
    });

    test('nobody is invited as an owner', async () => {
      expect((await invite('nobody@example.org', 'owner')).status).toBe(400);
    });

    test('tokens are not guessed without end', async () => {
      const eve = await person(server().controlPlane, 'Eve');
      const statuses: number[] = [];
      for (let times = 0; times < 31; times += 1) statuses.push((await accept(eve, `guess-${times}`)).status);
      expect(statuses.slice(0, 30).every((status) => status === 400)).toBe(true);
      expect(statuses[30]).toBe(429);
    });
  },
);
