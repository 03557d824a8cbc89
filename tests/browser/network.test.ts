import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { visit } from './support/page.ts';

/** Breaks the first so many requests of this pattern off, as a browser does when a network comes or goes on its machine. */
async function breakOff(page: Page, pattern: RegExp, count: number): Promise<{ readonly broken: number }> {
  const told = { broken: 0 };
  await page.route(pattern, async (route) => {
    if (told.broken === count) return await route.continue();
    told.broken += 1;
    await route.abort('connectionaborted');
  });
  return told;
}

it.each([
  ['a script that all pages need', /\/_app\/immutable\/chunks\//, 1],
  ['the script that starts it', /\/_app\/immutable\/start-/, 1],
  ['its styles, twice', /\/_app\/immutable\/assets\/.*\.css$/, 2],
  ['the script of that page', /\/_app\/immutable\/nodes\//, 3],
  ['who is signed in, twice', /\/v1\/me$/, 2],
] as const)('a page is there although %s did not arrive at first', async (_what, pattern, count) => {
  await using visited = await visit('/health', { as: 'ada@localhost' });
  const { page } = visited;
  const told = await breakOff(page, pattern, count);
  await page.goto('/dashboard/keys');
  await page.getByRole('heading', { name: 'Keys', level: 1 }).waitFor();
  expect(told.broken).toBe(count);
});

it('a page of which a part never arrives is not asked for without end', async () => {
  await using visited = await visit('/health', { as: 'ada@localhost' });
  const { page } = visited;
  await breakOff(page, /\/_app\/immutable\/chunks\//, Number.POSITIVE_INFINITY);
  let asked = 0;
  page.on('request', (request) => {
    if (request.isNavigationRequest()) asked += 1;
  });
  await page.goto('/dashboard/keys');
  await expect.poll(() => asked).toBe(5);
  await expect.poll(() => page.evaluate("sessionStorage.getItem('wrenn.reloads')")).toBe('4');
});

it('a list has what changed after it was read and before its changes were told', async () => {
  await using visited = await visit('/health', { as: 'ada@localhost' });
  const { page, context, url } = visited;
  const held = Promise.withResolvers<void>();
  await page.route(/\/v1\/live$/, async (route) => {
    await held.promise;
    await route.continue();
  });
  const key = async (name: string) => {
    const data = { name, scopes: ['capsules:read'] };
    const made = await context.request.post('/v1/api-keys', { headers: { origin: url }, data });
    expect(made.status()).toBe(201);
  };
  await key('made-before');
  await page.goto('/dashboard/keys');
  await page.getByText('made-before').waitFor();
  await key('made-meanwhile');
  held.resolve();
  await page.getByText('made-meanwhile').waitFor();
});
