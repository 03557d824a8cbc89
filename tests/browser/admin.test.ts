import { expect, it } from 'vitest';
import { call, visitInNewTeam } from './support/calls.ts';
import { expectSound, photograph, type Visited, visit } from './support/page.ts';

const asAdmin = { as: 'admin@localhost' } as const;

interface Entry {
  readonly id: string;
  readonly number: number;
  readonly resource_type: string;
  readonly action: string;
  readonly actor_name: string;
}

/** What the log of the platform has of a thing, newest first. */
async function entriesOf(visited: Visited, resourceId: string): Promise<string[]> {
  const path = `/v1/admin/audit-logs?limit=200&resource_id=${resourceId}`;
  const { items } = (await call(visited, 'GET', path)) as { readonly items: readonly Entry[] };
  return items.map(({ resource_type: type, action }) => `${type}.${action}`);
}

async function choose({ page }: Visited, whom: string, what: string): Promise<void> {
  await page.getByRole('button', { name: `What to do with ${whom}` }).click();
  await page.getByRole('menuitem', { name: what }).click();
}

/** An account that nobody has opened yet. */
async function signedUp(visited: Visited, email: string): Promise<string> {
  await call(visited, 'POST', '/v1/auth/signup', {
    email,
    name: `<i>${email}</i>`,
    password: 'long enough for this',
  });
  // Whoever signs up is answered before the account is there.
  const found = async () => {
    const { users } = (await call(visited, 'GET', '/v1/admin/users')) as {
      readonly users: readonly { readonly id: string; readonly email: string }[];
    };
    return users.find((user) => user.email === email)?.id ?? '';
  };
  await expect.poll(found).not.toBe('');
  return await found();
}

it('who is no administrator is told that these pages are for others', async () => {
  await using visited = await visit('/admin/teams', { as: 'ben@localhost' });
  await visited.page.getByText('these pages are for administrators of the platform').waitFor();
  await expectSound(visited);
  await visited.page.goto('/dashboard/keys');
  await visited.page.getByRole('heading', { name: 'Keys', level: 1 }).waitFor();
  expect(await visited.page.getByRole('link', { name: 'Administration' }).count()).toBe(0);
});

it('administration opens with the templates, of which the built-in one stays', async () => {
  await using visited = await visit('/admin', asAdmin);
  const { page } = visited;
  await page.waitForURL('**/admin/templates');
  await page.getByRole('row').filter({ hasText: 'minimal' }).getByText('Platform').waitFor();
  await page.getByRole('button', { name: 'What to do with minimal' }).click();
  const remove = page.getByRole('menuitem', { name: 'Delete all versions' });
  expect(await remove.getAttribute('aria-disabled')).toBe('true');
  await page.getByText('It is a part of every installation.').first().waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Of the platform', { exact: true }).click();
  await page.waitForURL('**/admin/templates?of=platform');
  await expectSound(visited);
  await photograph(visited, 'admin-templates');
  await page
    .getByRole('navigation', { name: 'Templates and builds' })
    .getByRole('link', { name: 'Builds' })
    .click();
  await page.waitForURL('**/admin/builds');
});

it('a capsule of the platform becomes a template for all teams, which is deleted again', async () => {
  await using visited = await visit('/admin/capsules', asAdmin);
  const { page } = visited;
  await page.getByRole('button', { name: 'Launch' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Launch' }).click();
  await page.waitForURL('**/admin/capsules/cl-*');
  const capsuleId = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  await page.getByRole('region', { name: 'Metrics' }).waitFor();
  await expectSound(visited);
  await photograph(visited, 'admin-capsule');
  expect(await entriesOf(visited, capsuleId)).toEqual(['sandbox.create']);

  await page.getByRole('button', { name: 'Snapshot', exact: true }).click();
  await page.getByText('The capsule is destroyed afterwards.').waitFor();
  await page.getByLabel('Name').fill('for-all');
  await page.getByRole('button', { name: 'Make the snapshot' }).click();
  await page.getByText('It is destroyed.', { exact: true }).waitFor();
  expect(await entriesOf(visited, capsuleId)).toEqual(['sandbox.destroy', 'sandbox.create']);

  await page.goto('/admin/templates');
  const row = page.getByRole('row').filter({ hasText: 'for-all' });
  await row.waitFor();
  await choose(visited, 'for-all', 'Delete all versions');
  await page.getByLabel('Type for-all to go on').fill('for-all');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect.poll(() => row.count()).toBe(0);
});

it('capsules of the platform are listed and destroyed', async () => {
  await using visited = await visit('/wren.svg', asAdmin);
  const { page } = visited;
  const metadata = { name: 'to be destroyed' };
  const { id } = (await call(visited, 'POST', '/v1/admin/capsules', { metadata })) as { readonly id: string };
  await page.goto('/admin/capsules?q=destroyed');
  await page.getByRole('link', { name: 'to be destroyed' }).waitFor();
  await expectSound(visited);
  await choose(visited, 'to be destroyed', 'Destroy');
  await page.getByRole('dialog').getByRole('button', { name: 'Destroy' }).click();
  await page.getByText('Nothing fits').waitFor();
  expect(await entriesOf(visited, id)).toEqual(['sandbox.destroy', 'sandbox.create']);
});

it('a build of the platform is handed in and cancelled, with one entry in the log for each', async () => {
  await using visited = await visit('/admin/builds/new', asAdmin);
  const { page } = visited;
  await page.getByLabel('Name of the template').fill('platform-build');
  await page.getByLabel('Recipe', { exact: true }).last().fill('RUN ["hang"]');
  await page.getByLabel('Without a beginning and an end').check();
  await page.getByRole('button', { name: 'Build', exact: true }).click();
  await page.waitForURL('**/admin/builds/bld-*');
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  await page
    .getByRole('region', { name: 'What step 2 wrote' })
    .getByText('before', { exact: true })
    .waitFor();
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel the build' }).click();
  await page.getByText('the build was cancelled').waitFor();
  expect(await entriesOf(visited, id)).toEqual(['build.cancel', 'build.create']);
  await page.goto('/admin/builds');
  await page.getByRole('row').filter({ hasText: 'platform-build' }).getByText('cancelled').waitFor();
  await expectSound(visited);
});

it('teams, accounts and templates are searched by the server, and the address of a search can be shared', async () => {
  await using owner = await visitInNewTeam('/wren.svg', 'Nest_beyond');
  await using visited = await visit('/admin/teams', asAdmin);
  const { page } = visited;
  await page.getByLabel('Search teams').fill('T_BEY');
  await page.getByText('1 of 1 teams').waitFor();
  await page.locator('mark', { hasText: 't_bey' }).waitFor();
  expect(new URL(page.url()).searchParams.get('q')).toBe('T_BEY');
  await expectSound(visited);
  await page.goto(`/admin/teams?q=${owner.teamId}`);
  await page.getByText('1 of 1 teams').waitFor();
  await page.getByText('Nest_beyond').waitFor();

  await page.goto('/admin/users?q=ben%40local');
  await page.getByText('1 of 1 accounts').waitFor();
  await page.getByLabel('Search accounts').fill('nobody at all');
  await page.getByText('Nothing fits').waitFor();
  await expectSound(visited);

  await page.goto('/admin/templates?of=platform');
  await page.getByLabel('Search templates').fill('nima');
  await page.locator('mark', { hasText: 'nima' }).waitFor();
  expect(new URL(page.url()).search).toBe('?of=platform&q=nima');
  await page.getByText('Of teams', { exact: true }).click();
  await page.getByText('Nothing fits').waitFor();
});

it('a team gets hosts of its own for good, and is deleted, when its name is typed', async () => {
  await using owner = await visitInNewTeam('/wren.svg', 'Nest of others');
  const { teamId } = owner;
  await using visited = await visit('/admin/teams', asAdmin);
  const { page } = visited;
  const row = page.getByRole('row').filter({ hasText: 'Nest of others' });
  await row.getByText('ada@localhost').waitFor();
  await expectSound(visited);
  await photograph(visited, 'admin-teams');
  const slug = (await row.locator('code').textContent()) ?? '';

  await choose(visited, 'Nest of others', 'Run on hosts of its own');
  await page.getByText('there is no way back').waitFor();
  const enable = page.getByRole('button', { name: 'Enable for good' });
  expect(await enable.isDisabled()).toBe(true);
  await page.getByLabel(`Type ${slug} to go on`).fill(slug);
  await enable.click();
  await row.getByText('its own').waitFor();

  await choose(visited, 'Nest of others', 'Delete the team');
  await page.getByLabel(`Type ${slug} to go on`).fill(slug);
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the team' }).click();
  await row.getByText('deleted', { exact: true }).waitFor();
  expect(await entriesOf(visited, teamId)).toEqual(['team.delete', 'team.set_byoc']);
  await expectSound(visited);
});

it('an account is enabled, made an administrator, made one no more, and disabled', async () => {
  await using visited = await visit('/wren.svg', asAdmin);
  const { page } = visited;
  const email = 'new.person@wrenn.example';
  const id = await signedUp(visited, email);
  await page.goto('/admin/users');
  const row = page.getByRole('row').filter({ hasText: email });
  await row.getByText('inactive').waitFor();
  const steps = [
    ['Enable the account', 'Enable', `${email} is active`],
    ['Make an administrator', 'Make an administrator', `${email} is an administrator`],
    ['Take administration away', 'Take it away', `${email} is no administrator any more`],
    ['Disable the account', 'Disable', `${email} is disabled`],
  ] as const;
  for (const [what, action, done] of steps) {
    await choose(visited, email, what);
    await page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click();
    await page.getByText(done, { exact: true }).first().waitFor();
  }
  await row.getByText('disabled').waitFor();
  expect(await entriesOf(visited, id)).toEqual([
    'user.deactivate',
    'user.revoke_admin',
    'user.grant_admin',
    'user.activate',
    'user.signup',
  ]);
  await expectSound(visited);
  await photograph(visited, 'admin-users');
});

it('nobody can shut themselves out', async () => {
  await using visited = await visit('/admin/users', asAdmin);
  const { page } = visited;
  await page.getByRole('button', { name: 'What to do with admin@localhost' }).click();
  for (const name of ['Disable the account', 'Take administration away'])
    expect(await page.getByRole('menuitem', { name }).getAttribute('aria-disabled')).toBe('true');
  await page.getByText('Nobody does this to themselves').first().waitFor();
});

it('the log of the platform scrolls through more than 200 entries without gaps and repeats', async () => {
  await using visited = await visit('/wren.svg', asAdmin);
  const { page } = visited;
  const id = await signedUp(visited, 'often.changed@wrenn.example');
  await call(visited, 'PUT', `/v1/admin/users/${id}/active`, { active: true });
  for (let count = 0; count < 105; count += 1)
    for (const admin of [true, false]) await call(visited, 'PUT', `/v1/admin/users/${id}/admin`, { admin });
  await page.goto(`/admin/audit?resource=${id}`);
  const lines = page.locator('[aria-busy] li');
  await lines.first().waitFor();
  await expectSound(visited);
  await photograph(visited, 'admin-audit');
  await expect
    .poll(async () => {
      await lines.last().scrollIntoViewIfNeeded();
      return await page.getByText('which are all').count();
    })
    .toBe(1);
  const ids = await lines.locator('dl code').allTextContents();
  const entries = ids.filter((text) => text.startsWith('log-'));
  expect(new Set(entries).size).toBe(entries.length);
  // Beside the changes: that they signed up, and were let in.
  expect(await lines.count()).toBe(212);
  const sentences = await lines.locator('.sentence').allTextContents();
  const changes = sentences.slice(0, 210);
  expect(new Set(changes.filter((_, index) => index % 2 === 0)).size).toBe(1);
  expect(new Set(changes.filter((_, index) => index % 2 === 1)).size).toBe(1);
  expect(changes[0]).not.toBe(changes[1]);
});
