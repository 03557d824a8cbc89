import { createHook } from 'node:async_hooks';
import { atMost } from '@wrenn/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPassword, hashPassword } from './password.ts';
import { AccountTests, goodPassword, newAddress } from './testing/accounts.ts';
import { Browser } from './testing/browser.ts';

let tests: AccountTests;
beforeAll(async () => {
  tests = await AccountTests.start('18');
});
afterAll(() => tests?.[Symbol.asyncDispose]());

/** How many hashes `work` has computed in this process, in which the server runs too. */
async function hashesOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === hashing) count += 1;
    },
  }).enable();
  try {
    await work();
  } finally {
    hook.disable();
  }
  return count;
}
/** What Node calls one computation of argon2. */
const hashing = 'ARGON2REQUEST';

const signIn = async (browser: Browser, email: string, password = 'a wrong password') =>
  (await browser.post('/v1/auth/login', { email, password })).status;

test('an address without an account costs a hash, as a wrong password does', async () => {
  const { email } = await tests.account();
  const stored = await hashPassword(goodPassword);
  expect(await hashesOf(() => checkPassword('a wrong password', stored))).toBe(1);
  expect(await hashesOf(() => checkPassword('a wrong password', undefined))).toBe(1);
  expect(await hashesOf(() => signIn(tests.browser(), email))).toBe(1);
  expect(await hashesOf(() => signIn(tests.browser(), newAddress()))).toBe(1);
});

test('of ten thousand tries from one address ten per account, and fifty in all, are looked at', async () => {
  const browser = tests.browser();
  const { email } = await tests.account();
  const statuses = new Map<number, number>();
  const hashes = await hashesOf(() =>
    atMost(64, Array.from({ length: 10_000 }).keys(), async () => {
      const status = await signIn(browser, email);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }),
  );
  expect([...statuses].toSorted()).toEqual([
    [401, 10],
    [429, 9990],
  ]);
  expect(hashes).toBe(10);
}, 180_000);

test('one address can try fifty times, whatever accounts it tries', async () => {
  const browser = tests.browser();
  const statuses: number[] = [];
  for (let tries = 0; tries < 52; tries += 1) statuses.push(await signIn(browser, newAddress()));
  expect(statuses.filter((status) => status === 401)).toHaveLength(50);
  expect(statuses.slice(50)).toEqual([429, 429]);
});

test('all addresses of an IPv6 network count as one', async () => {
  const statuses: number[] = [];
  for (let tries = 0; tries < 51; tries += 1) {
    const browser = new Browser(tests.server.url, `2001:db8:1:2::${tries.toString(16)}`);
    statuses.push(await signIn(browser, newAddress()));
  }
  expect(statuses.at(-1)).toBe(429);
});

test('tries from many addresses at one account are limited together, but do not keep out who is signed in', async () => {
  const { email, browser } = await tests.account();
  const statuses: number[] = [];
  for (let tries = 0; tries < 12; tries += 1) statuses.push(await signIn(tests.browser(), email));
  expect(statuses.slice(10)).toEqual([429, 429]);
  expect(await signIn(tests.browser(), email, goodPassword)).toBe(429);
  expect(await signIn(browser, email, goodPassword)).toBe(200);
});

test('who signs in is not counted, however often', async () => {
  const { email } = await tests.account();
  const browser = tests.browser();
  for (let times = 0; times < 60; times += 1) expect(await signIn(browser, email, goodPassword)).toBe(200);
});
