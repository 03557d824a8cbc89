import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeGitHub } from '../../apps/control-plane/src/oauth/testing/fake-github.ts';
import { call } from './support/calls.ts';
import { type OwnInstallation, startInstallationOfOwn } from './support/installation-of-own.ts';
import { linkMailedTo } from './support/mail-link.ts';
import { expectSound, photograph, type Visit, type Visited, visit } from './support/page.ts';

let installation: OwnInstallation;
beforeAll(async () => {
  installation = await startInstallationOfOwn();
});
afterAll(async () => {
  await installation[Symbol.asyncDispose]();
});

const password = 'tractor & blue kettle';
const go = (path: string, who: Visit = {}) =>
  visit(path, { url: installation.url, password: installation.password, ...who });

/** Fills the form of the sign-up and sends it. */
async function signUp({ page }: Visited, name: string, email: string): Promise<void> {
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Password again').fill(password);
  await page.getByRole('button', { name: 'Sign up', exact: true }).click();
  await page.getByRole('heading', { name: 'Check your mail' }).waitFor();
}

it('somebody signs up, opens the link of the mail, and is in their team', async () => {
  await using visited = await go('/login?mode=signup');
  const { page } = visited;
  await page.getByText('Sign up with GitHub').waitFor();
  await expectSound(visited);
  await photograph(visited, 'sign-up');
  await signUp(visited, 'Cleo', 'cleo@wrenn.example');
  expect(await page.getByText('within 30 minutes').count()).toBe(1);

  const link = await linkMailedTo(installation.mailFolder, 'cleo@wrenn.example', '/activate');
  const referers: (string | undefined)[] = [];
  page.on('request', (request) => referers.push(request.headers()['referer']));
  await page.goto(link);
  await page.waitForURL('**/dashboard/**');
  await page.goto('/dashboard/settings');
  await page.getByText('cleo@wrenn.example').first().waitFor();
  expect(referers.filter((referer) => referer?.includes('token'))).toEqual([]);

  await page.goto(link);
  await page.getByText('could not be confirmed').waitFor();
  expect(new URL(page.url()).search).toBe('');
  await expectSound(visited);
});

it('passwords that differ or are too short are not sent', async () => {
  await using visited = await go('/login?mode=signup');
  const { page } = visited;
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByText('too short').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Password again').fill(`${password}!`);
  await page.getByText('The passwords differ.').waitFor();
  await page.getByRole('button', { name: 'Sign up', exact: true }).click();
  expect(await page.getByRole('heading', { name: 'Sign up' }).count()).toBe(1);
});

it('a forgotten password is chosen anew by a mail, whoever asked is told nothing', async () => {
  await using visited = await go('/forgot-password');
  const { page } = visited;
  for (const email of ['nobody@wrenn.example', 'ben@localhost']) {
    await page.goto('/forgot-password');
    await page.getByLabel('E-mail').fill(email);
    await page.getByRole('button', { name: 'Send the link' }).click();
    await page.getByText(`If there is an account with ${email}`).waitFor();
  }
  await page.goto(await linkMailedTo(installation.mailFolder, 'ben@localhost', '/reset-password'));
  await page.getByLabel('New password', { exact: true }).fill(password);
  await page.getByLabel('New password again').fill(password);
  expect(page.url()).not.toContain('token');
  await expectSound(visited);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('E-mail').fill('ben@localhost');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL('**/dashboard/**');
});

it('a sign-in through GitHub makes no account, and says how to get one', async () => {
  installation.github.consent = { person: FakeGitHub.user(41, 'octo@wrenn.example') };
  await using visited = await go('/login');
  const { page } = visited;
  await page.getByRole('button', { name: 'Continue with GitHub' }).click();
  await page.getByText('There is no Wrenn account for this sign-in yet.').waitFor();
  await expectSound(visited);
  await page.getByRole('link', { name: 'To the sign-up' }).click();
  await page.getByRole('button', { name: 'Sign up with GitHub' }).waitFor();
});

it('a sign-up through GitHub asks for the name, and goes on to where a link led', async () => {
  installation.github.consent = { person: FakeGitHub.user(42, 'cat@wrenn.example') };
  await using visited = await go('/login?mode=signup&next=/dashboard/keys');
  const { page } = visited;
  await page.getByRole('button', { name: 'Sign up with GitHub' }).click();
  await page.getByRole('heading', { name: 'Welcome to Wrenn' }).waitFor();
  const name = page.getByLabel('Your name');
  expect(await name.inputValue()).toBe('Octo Cat');
  await expectSound(visited);
  await name.fill('Cat, the octo');
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.waitForURL('**/dashboard/keys');
  await page.getByText('Cat, the octo').first().waitFor();
});

it('somebody who does not agree at GitHub is told so', async () => {
  installation.github.consent = { error: 'access_denied' };
  await using visited = await go('/login');
  await visited.page.getByRole('button', { name: 'Continue with GitHub' }).click();
  await visited.page.getByText('You did not agree there').waitFor();
});

it('an invitation is accepted by somebody who signs up for it first', async () => {
  await using owner = await go('/dashboard/team', { as: 'ada@localhost' });
  await owner.page.getByRole('button', { name: 'Add somebody' }).click();
  await owner.page.getByLabel('E-mail').fill('dora@wrenn.example');
  await owner.page.getByText('By an invitation that they have to accept').click();
  await owner.page.getByRole('button', { name: 'Send the invitation' }).click();
  await owner.page.getByRole('cell', { name: 'dora@wrenn.example', exact: true }).waitFor();

  await using visited = await go(
    await linkMailedTo(installation.mailFolder, 'dora@wrenn.example', '/invitation'),
  );
  const { page } = visited;
  await page.getByRole('heading', { name: 'You are invited to a team' }).waitFor();
  expect(page.url()).not.toContain('token');
  await expectSound(visited);
  await page.getByRole('link', { name: 'Sign up' }).click();
  await signUp(visited, 'Dora', 'dora@wrenn.example');
  await page.goto(await linkMailedTo(installation.mailFolder, 'dora@wrenn.example', '/activate'));
  await page.waitForURL('**/invitation');
  await page
    .getByText("Ada invites you to Ada's Team, to be a member of it, as dora@wrenn.example.")
    .waitFor();
  await expectSound(visited);
  await page.getByRole('button', { name: 'Accept the invitation' }).click();
  await page.getByRole('heading', { name: "Welcome to Ada's Team" }).waitFor();
  await page.getByRole('button', { name: 'Open the team' }).click();
  await page.waitForURL('**/dashboard/capsules');
  await page.goto('/dashboard/team');
  expect(await page.locator('.side option:checked').textContent()).toBe("Ada's Team");
});

it('an invitation that is not valid, or is for another address, says so before it is accepted', async () => {
  await using visited = await go('/invitation?token=of-nobody', { as: 'admin@localhost' });
  const { page } = visited;
  const accept = page.getByRole('button', { name: 'Accept the invitation' });
  await page.getByText('the invitation is not valid, or not any more').waitFor();
  expect(await accept.count()).toBe(0);
  await expectSound(visited);

  await using owner = await go('/wren.svg', { as: 'ada@localhost' });
  const [team] = (await call(owner, 'GET', '/v1/teams')) as readonly { readonly id: string }[];
  await call(owner, 'POST', `/v1/teams/${team?.id}/invitations`, { email: 'other@wrenn.example' });
  await page.goto(await linkMailedTo(installation.mailFolder, 'other@wrenn.example', '/invitation'));
  await page.getByText('for another address than that of your account').waitFor();
  expect(await accept.count()).toBe(0);
  await page.getByRole('button', { name: 'Use another account' }).click();
  await page.waitForURL('**/login?next=/invitation');
});

it('who is signed in is led on from the sign-in', async () => {
  await using visited = await go('/login?next=/dashboard/usage?range=7d', { as: 'admin@localhost' });
  await visited.page.waitForURL('**/dashboard/usage?range=7d');
});
