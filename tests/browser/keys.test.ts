import { expect, it } from 'vitest';
import { call, visitAsMember, visitInNewTeam } from './support/calls.ts';
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

it('a form that is sent twice makes one key', async () => {
  await using visited = await visitInNewTeam('/dashboard/keys', 'Twice');
  const { page } = visited;
  const answered = Promise.withResolvers<void>();
  let asked = 0;
  await page.route('**/v1/api-keys', async (route) => {
    if (route.request().method() === 'POST') {
      asked += 1;
      await answered.promise;
    }
    await route.continue();
  });
  await page.getByRole('button', { name: 'New key' }).first().click();
  await page.getByLabel('Name').fill('only one');
  await page.getByLabel('Name').press('Enter');
  await page.getByLabel('Name').press('Enter');
  answered.resolve();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByText('only one').waitFor();
  expect(asked).toBe(1);
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

it('everything is a scope that is chosen alone, and a key may end on a day that is typed', async () => {
  await using visited = await visitInNewTeam('/dashboard/keys', 'Locks');
  const { page } = visited;
  await page.getByRole('button', { name: 'New key' }).first().click();
  const all = page.getByLabel('Everything that a key can do');
  expect(await all.isChecked()).toBe(true);
  await page.getByLabel('Read files').check();
  expect(await all.isChecked()).toBe(false);
  await page.getByLabel('Read files').uncheck();
  expect(await page.getByRole('button', { name: 'Make the key' }).isDisabled()).toBe(true);
  await page.getByLabel('Open ports').check();
  await page.getByLabel('Name').fill('x'.repeat(100));
  await page.getByLabel('Ends').selectOption('other');
  await page.getByLabel('Days').fill('3');
  await expectSound(visited);
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByRole('cell', { name: 'ports', exact: true }).waitFor();
  await page.getByText('in 2 days').waitFor();
  await expectSound(visited);
});

it('who is signed out while they type signs in again, and goes on with what they typed', async () => {
  await using visited = await visit('/dashboard/keys', { as: 'ben@localhost' });
  const { page } = visited;
  await page.getByRole('button', { name: 'New key' }).first().click();
  await page.getByLabel('Name').fill('typed before the end');
  await call(visited, 'POST', '/v1/auth/logout');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByRole('heading', { name: 'Your session is over' }).waitFor();
  await page.locator('#again').getByLabel('Password').fill('wrenn-development');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect.poll(() => page.getByRole('heading', { name: 'Your session is over' }).count()).toBe(0);
  expect(await page.getByLabel('Name').inputValue()).toBe('typed before the end');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByRole('button', { name: 'Revoke typed before the end' }).waitFor();
});

it('a member revokes keys that they made, and is told why no others', async () => {
  await using visited = await visitAsMember('/wren.svg', 'Doors');
  await call(visited.owner, 'POST', '/v1/api-keys', { name: 'of the owner' });
  await call(visited, 'POST', '/v1/api-keys', { name: 'of the member' });
  await visited.page.goto('/dashboard/keys');
  await visited.page.getByRole('button', { name: 'Revoke of the member' }).waitFor();
  expect(await visited.page.getByRole('button', { name: 'Revoke of the member' }).isDisabled()).toBe(false);
  expect(await visited.page.getByRole('button', { name: 'Revoke of the owner' }).isDisabled()).toBe(true);
});
