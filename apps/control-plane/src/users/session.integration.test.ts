import { createSecretKey } from 'node:crypto';
import { newId, parseId } from '@wrenn/core';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signSessionToken, tokenTtlSec } from '../access/session-token.ts';
import { type Account, AccountTests, goodPassword } from './testing/accounts.ts';
import { type Browser, codeOf } from './testing/browser.ts';

let tests: AccountTests;
beforeAll(async () => {
  tests = await AccountTests.start('18');
});
afterAll(() => tests?.[Symbol.asyncDispose]());

type Listed = { id: string; is_current: boolean; address: string; user_agent: string }[];
const sessionsOf = async (browser: Browser) =>
  (await browser.get('/v1/me/sessions')).body as unknown as Listed;
const currentOf = async (browser: Browser) =>
  (await sessionsOf(browser)).find((session) => session.is_current)?.id ?? '';

describe('sessions', () => {
  test('are listed with where they were begun', async () => {
    const { browser, email } = await tests.account();
    const other = tests.browser();
    other.userAgent = 'another browser';
    await other.post('/v1/auth/login', { email, password: goodPassword });
    const listed = await sessionsOf(browser);
    expect(listed).toHaveLength(2);
    expect(listed.find((session) => session.is_current)).toMatchObject({ address: browser.address });
    expect(listed.find((session) => !session.is_current)).toMatchObject({
      user_agent: 'another browser',
      address: other.address,
    });
  });

  test('one can be ended, and is over from the next request on', async () => {
    const { browser, email } = await tests.account();
    const other = await tests.signedIn(email);
    const id = await currentOf(other);
    expect((await browser.delete(`/v1/me/sessions/${id}`)).status).toBe(204);
    expect((await other.get('/v1/me')).status).toBe(401);
    expect((await browser.get('/v1/me')).status).toBe(200);
    expect((await browser.delete(`/v1/me/sessions/${id}`)).status).toBe(404);
  });

  test('all others can be ended at once', async () => {
    const { browser, email } = await tests.account();
    const others = [await tests.signedIn(email), await tests.signedIn(email)];
    expect((await browser.delete('/v1/me/sessions')).status).toBe(204);
    for (const other of others) expect((await other.get('/v1/me')).status).toBe(401);
    expect((await browser.get('/v1/me')).status).toBe(200);
  });

  test('of somebody else are not there', async () => {
    const { browser } = await tests.account();
    const { browser: other } = await tests.account();
    const id = await currentOf(other);
    expect((await browser.delete(`/v1/me/sessions/${id}`)).status).toBe(404);
    expect((await browser.delete('/v1/me/sessions')).status).toBe(204);
    expect((await other.get('/v1/me')).status).toBe(200);
  });

  test('end after thirty days, however often they were used', async () => {
    const { browser } = await tests.account();
    const id = parseId('session', await currentOf(browser));
    const { database } = tests.context;
    await database
      .updateTable('sessions')
      .set({ expires_at: new Date(0) })
      .execute();
    expect(id).toMatch(/^ses-/);
    expect((await browser.get('/v1/me')).status).toBe(401);
    expect((await browser.post('/v1/auth/refresh')).status).toBe(401);
  });
});

describe('signing out', () => {
  test('ends the session, and removes the cookie', async () => {
    const { browser, token } = await tests.account();
    const answer = await browser.post('/v1/auth/logout');
    expect(answer.status).toBe(204);
    expect(answer.headers.getSetCookie()).toEqual([
      'wrenn_session=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly',
    ]);
    const bearer = { authorization: `Bearer ${token}` };
    expect((await tests.browser().send('GET', '/v1/me', undefined, bearer)).status).toBe(401);
  });

  test('succeeds where nobody is signed in, and where the session is over', async () => {
    expect((await tests.browser().post('/v1/auth/logout')).status).toBe(204);
    const { browser, token } = await tests.account();
    await browser.post('/v1/auth/logout');
    browser.cookies.set('wrenn_session', token);
    expect((await browser.post('/v1/auth/logout')).status).toBe(204);
  });

  test('is not done by a page of another site', async () => {
    const { browser } = await tests.account();
    const elsewhere = { origin: 'https://elsewhere.example' };
    expect(codeOf(await browser.send('POST', '/v1/auth/logout', {}, elsewhere))).toBe('forbidden');
    expect((await browser.get('/v1/me')).status).toBe(200);
  });
});

describe('a token', () => {
  const shown = async (token: string) =>
    (await tests.browser().send('GET', '/v1/me', undefined, { authorization: `Bearer ${token}` })).status;

  test('that somebody altered, or signed with another key, is none', async () => {
    const { token } = await tests.account();
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const admin = Buffer.from(JSON.stringify({ ...claims, is_admin: true })).toString('base64url');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    expect(await shown(token)).toBe(200);
    expect(await shown(`${header}.${admin}.${signature}`)).toBe(401);
    expect(await shown(`${unsigned}.${payload}.`)).toBe(401);
    expect(await shown(`${header}.${payload}.${signature.slice(0, -2)}AA`)).toBe(401);
    const forged = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(createSecretKey(Buffer.alloc(32, 1)));
    expect(await shown(forged)).toBe(401);
  });

  test('of a session that is none, or one that is too old, is none', async () => {
    const { secrets } = tests.context;
    const facts = { teamId: undefined, role: undefined, email: '', name: '', isAdmin: true };
    const made = { id: newId('session'), userId: newId('user') };
    expect(await shown(await signSessionToken(secrets.session, made, facts, new Date()))).toBe(401);
    const { browser, userId } = await tests.account();
    const real = { id: parseId('session', await currentOf(browser)), userId: parseId('user', userId) };
    const old = new Date(Date.now() - (tokenTtlSec + 1) * 1000);
    expect(await shown(await signSessionToken(secrets.session, real, facts, old))).toBe(401);
    // What it says of its user decides nothing.
    const fresh = await signSessionToken(secrets.session, real, facts, new Date());
    const bearer = { authorization: `Bearer ${fresh}` };
    expect((await tests.browser().send('GET', '/v1/admin/users', undefined, bearer)).status).toBe(403);
  });

  test('can be had fresh for a session that is live', async () => {
    const { browser, token } = await tests.account();
    const { status, body } = await browser.post('/v1/auth/refresh');
    expect(status).toBe(200);
    expect(await shown(String(body['token']))).toBe(200);
    expect(await shown(token)).toBe(200);
  });

  test('in a cookie is renewed when more than half of its time is over', async () => {
    const { browser, userId } = await tests.account();
    const session = { id: parseId('session', await currentOf(browser)), userId: parseId('user', userId) };
    const facts = { teamId: undefined, role: undefined, email: '', name: '', isAdmin: false };
    const renewed = async (share: number) => {
      const issued = new Date(Date.now() - tokenTtlSec * share * 1000);
      const token = await signSessionToken(tests.context.secrets.session, session, facts, issued);
      browser.cookies.set('wrenn_session', token);
      return (await browser.get('/v1/me')).headers.getSetCookie().length;
    };
    expect(await renewed(0.4)).toBe(0);
    expect(await renewed(0.6)).toBe(1);
    expect((await browser.get('/v1/me')).status).toBe(200);
  });
});

describe('switching the team', () => {
  let ada: Account;
  let team: string;
  beforeAll(async () => {
    ada = await tests.account();
    team = String((await ada.browser.post('/v1/teams', { name: 'Second' })).body['id']);
  });

  test('lets the session act for another one, also after its name is changed', async () => {
    const { status, body } = await ada.browser.post('/v1/auth/switch-team', { team_id: team });
    expect(status).toBe(200);
    expect(body).toMatchObject({ team_id: team, role: 'owner' });
    const renamed = await ada.browser.patch('/v1/me', { name: 'Ada L.' });
    expect(renamed.body).toMatchObject({ team_id: team, name: 'Ada L.' });
    expect((await ada.browser.get('/v1/me')).body).toMatchObject({ team_id: team });
  });

  test('to one of others is forbidden, and to none is not found', async () => {
    const other = await tests.account();
    expect(codeOf(await other.browser.post('/v1/auth/switch-team', { team_id: team }))).toBe('forbidden');
    expect(codeOf(await other.browser.post('/v1/auth/switch-team', { team_id: newId('team') }))).toBe(
      'not_found',
    );
    expect((await other.browser.get('/v1/me')).body).toMatchObject({ team_id: other.teamId });
  });
});

test('with https the cookie is for this host alone', async () => {
  await using secure = await AccountTests.start('18', { CP_PUBLIC_URL: 'https://wrenn.example' });
  const { browser } = await secure.account();
  expect([...browser.cookies.keys()]).toEqual(['__Host-wrenn_session']);
  const answer = await browser.send('POST', '/v1/auth/refresh', {}, { origin: 'https://wrenn.example' });
  expect(answer.headers.getSetCookie()[0]).toMatch(/; Path=\/; .*HttpOnly; Secure$/);
});

describe('the address of a client', () => {
  const seenAs = async (server: AccountTests, forwarded: string) => {
    const { browser, email } = await server.account();
    const body = { email, password: goodPassword };
    await server.browser().send('POST', '/v1/auth/login', body, { 'x-forwarded-for': forwarded });
    return (await sessionsOf(browser)).find((session) => !session.is_current)?.address;
  };

  test('is what a proxy that is trusted says, and not what the client made it say', async () => {
    expect(await seenAs(tests, '198.51.100.7')).toBe('198.51.100.7');
    expect(await seenAs(tests, '203.0.113.9, 198.51.100.7')).toBe('198.51.100.7');
  });

  test('is that of the connection where no proxy is trusted', async () => {
    await using direct = await AccountTests.start('18', { WRENN_CP_TRUSTED_PROXIES: '' });
    expect(await seenAs(direct, '198.51.100.7')).toBe('127.0.0.1');
  });
});
