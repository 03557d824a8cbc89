import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeGitHub } from '../../apps/control-plane/src/oauth/testing/fake-github.ts';
import { type OwnInstallation, startInstallationOfOwn } from './support/installation-of-own.ts';
import { expectSound, photograph, type Visit, visit } from './support/page.ts';

let installation: OwnInstallation;
beforeAll(async () => {
  installation = await startInstallationOfOwn();
});
afterAll(async () => {
  await installation[Symbol.asyncDispose]();
});

const go = (path: string, who: Visit) =>
  visit(path, { url: installation.url, password: installation.password, ...who });

it('a name of markup, right-to-left text and emoji is text wherever it is shown', async () => {
  await using visited = await go('/dashboard/settings', { as: 'ben@localhost' });
  const { page } = visited;
  const name = '<img src=x onerror="window.hacked=1"> \u0639\u0631\u0628\u064a 🐦🐦🐦';
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Save the name' }).click();
  await page.locator('.who').getByText(name).waitFor();
  await page.goto('/dashboard/team');
  await page.getByRole('cell', { name }).waitFor();
  expect(await page.evaluate('window.hacked')).toBeUndefined();
  expect(await page.locator('main img').count()).toBe(0);
  await expectSound(visited);
});

it('sessions elsewhere are listed with their program and place, and ended', async () => {
  await using other = await go('/dashboard/settings', { as: 'ada@localhost' });
  await using visited = await go('/dashboard/settings', { as: 'ada@localhost' });
  const { page } = visited;
  await page.getByText('this one').waitFor();
  const ends = page.getByRole('button', { name: /^End the session of/ });
  await expect.poll(() => ends.count()).toBeGreaterThan(0);
  await expectSound(visited);
  await photograph(visited, 'settings');
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('button', { name: 'End the others' }).click();
  await expect.poll(() => ends.count()).toBe(0);
  await other.page.getByLabel('Your name').fill('Ada L.');
  await other.page.getByRole('button', { name: 'Save the name' }).click();
  await other.page.getByRole('heading', { name: 'Your session is over' }).waitFor();
  await expectSound(other);
  await other.page.locator('#again').getByLabel('Password').fill(installation.password);
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect.poll(() => other.page.getByLabel('Your name').inputValue()).toBe('Ada L.');
  await other.page.getByRole('button', { name: 'Save the name' }).click();
  await other.page.locator('.who').getByText('Ada L.').waitFor();
});

it('an account at GitHub is connected and disconnected', async () => {
  installation.github.consent = { person: FakeGitHub.user(77, 'ada@wrenn.example') };
  await using visited = await go('/dashboard/settings', { as: 'ada@localhost' });
  const { page } = visited;
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByText('GitHub is connected').waitFor();
  await expect.poll(() => new URL(page.url()).search).toBe('');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
  await page.getByRole('button', { name: 'Connect', exact: true }).waitFor();
});

it('why an account was not connected is told, and leaves the address', async () => {
  await using visited = await go('/dashboard/settings?connect_error=already_linked', { as: 'ada@localhost' });
  await visited.page.getByText('belongs to another Wrenn account').waitFor();
  await expect.poll(() => new URL(visited.page.url()).search).toBe('');
});

it('a password is changed with the one before, and a wrong one keeps what was typed', async () => {
  await using visited = await go('/dashboard/settings', { as: 'admin@localhost' });
  const { page } = visited;
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByLabel('Current password').fill('not this one');
  await page.getByLabel('New password', { exact: true }).fill('a new & long one');
  await page.getByLabel('New password again').fill('a new & long one');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.locator('[aria-invalid=true], [role=alert]').first().waitFor();
  await expectSound(visited);
  await page.getByLabel('Current password').fill(installation.password);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('Your password is changed; other sessions are ended').waitFor();
});

it('an account is deleted only by who types its address', async () => {
  await using visited = await go('/dashboard/settings', { as: 'ben@localhost' });
  const { page } = visited;
  await page.getByRole('button', { name: 'Delete my account' }).click();
  const deed = page.getByRole('dialog').getByRole('button', { name: 'Delete my account' });
  expect(await deed.isDisabled()).toBe(true);
  await page.getByLabel('Type ben@localhost to go on').fill('ben@localhost');
  await deed.click();
  await page.waitForURL('**/login');
});
