import { expect, it } from 'vitest';
import { expectSound, photograph, visit } from './support/page.ts';

it('a key is made, shown once, and revoked', async () => {
  await using visited = await visit('/dashboard/keys', { as: 'ada@localhost' });
  const { page } = visited;
  await page.getByRole('button', { name: 'New key' }).first().click();
  await page.getByLabel('Name').fill('of the <b>test</b>');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await expect.poll(() => page.getByText(/^wrn_[0-9a-f]{32}$/).count()).toBe(1);
  await page.getByRole('button', { name: 'I have kept it' }).click();

  await page.getByText('of the <b>test</b>').waitFor();
  await expectSound(visited);
  await photograph(visited, 'keys');

  await page.getByRole('button', { name: 'Revoke of the <b>test</b>' }).click();
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect.poll(() => page.getByRole('cell', { name: 'of the <b>test</b>' }).count()).toBe(0);
});

it('a link to a page leads there after signing in', async () => {
  await using visited = await visit('/dashboard/keys?from=link');
  const { page } = visited;
  await page.getByLabel('E-mail').fill('ben@localhost');
  await page.getByLabel('Password').fill('wrenn-development');
  await expectSound(visited);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/dashboard/keys?from=link');
});
