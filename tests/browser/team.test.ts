import { expect, it } from 'vitest';
import { call, visitAsMember, visitInNewTeam } from './support/calls.ts';
import { expectSound, photograph } from './support/page.ts';

interface Details {
  readonly members: readonly { readonly email: string; readonly user_id: string; readonly role: string }[];
}

it('a team is renamed, and its log of commands and files turned on', async () => {
  await using visited = await visitInNewTeam('/dashboard/team', 'Birds');
  const { page } = visited;
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByLabel('Name of the team').fill('Birds <of> a feather');
  await page.getByRole('button', { name: 'Save the name' }).click();
  await page.locator('[aria-invalid=true]').waitFor();
  await page.getByLabel('Name of the team').fill('Vögel \u0637\u064a\u0648\u0631 42');
  await page.getByRole('button', { name: 'Save the name' }).click();
  await page.getByRole('heading', { name: 'Vögel \u0637\u064a\u0648\u0631 42' }).waitFor();
  await expect
    .poll(() => page.locator('.side option:checked').textContent())
    .toBe('Vögel \u0637\u064a\u0648\u0631 42');
  await page.getByRole('switch').check();
  await page.getByText('The setting is changed').waitFor();
  await page.reload();
  await expect.poll(() => page.getByRole('switch').isChecked()).toBe(true);
});

it('somebody of another team is suggested, added, made an admin, and removed', async () => {
  await using visited = await visitInNewTeam('/dashboard/team', 'Nest');
  const { page } = visited;
  await page.getByRole('button', { name: 'Add somebody' }).click();
  await page.getByLabel('E-mail').pressSequentially('ben@');
  await page.getByRole('option', { name: 'ben@localhost' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect(await page.getByLabel('E-mail').inputValue()).toBe('ben@localhost');
  await expectSound(visited);
  await page.getByRole('button', { name: 'Add them' }).click();
  await page.getByRole('cell', { name: 'ben@localhost', exact: true }).waitFor();
  await expectSound(visited);
  await photograph(visited, 'team');

  await page.getByRole('button', { name: 'What to do with ben@localhost' }).click();
  await page.getByRole('menuitem', { name: 'Make an admin' }).click();
  await page.getByText('ben@localhost is an admin now').waitFor();
  const row = page.getByRole('row', { name: /ben@localhost/ });
  await expect.poll(() => row.getByRole('cell').nth(2).textContent()).toBe('admin');

  await page.getByRole('button', { name: 'What to do with ben@localhost' }).click();
  await page.getByRole('menuitem', { name: 'Remove from the team' }).click();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect.poll(() => page.getByRole('cell', { name: 'ben@localhost', exact: true }).count()).toBe(0);
});

it('an invitation is made, sent again, and taken back', async () => {
  await using visited = await visitInNewTeam('/dashboard/team', 'Flock');
  const { page } = visited;
  await page.getByRole('button', { name: 'Add somebody' }).click();
  await page.getByLabel('E-mail').fill('guest@wrenn.example');
  await page.getByText('By an invitation that they have to accept').click();
  await page.getByRole('button', { name: 'Send the invitation', exact: true }).click();
  await page.getByRole('cell', { name: 'guest@wrenn.example', exact: true }).waitFor();
  await expectSound(visited);
  await page.getByRole('button', { name: 'Send the invitation of guest@wrenn.example again' }).click();
  await page.getByText('the link before is void').waitFor();
  await page.getByRole('button', { name: 'Take the invitation of guest@wrenn.example back' }).click();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await page.getByText('Nobody is invited').waitFor();
});

it('a team is handed over, and who had it is an admin who can leave', async () => {
  await using visited = await visitInNewTeam('/dashboard/team', 'Roost');
  const { page, teamId } = visited;
  await call(visited, 'POST', `/v1/teams/${teamId}/members`, { email: 'ben@localhost', role: 'member' });
  await page.getByRole('cell', { name: 'ben@localhost', exact: true }).waitFor();
  expect(await page.getByRole('button', { name: 'Leave the team' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'What to do with ben@localhost' }).click();
  await page.getByRole('menuitem', { name: 'Make the owner' }).click();
  await page.getByLabel('Type ben@localhost to go on').fill('ben@localhost');
  await page.getByRole('button', { name: 'Hand the team over' }).click();
  await expect.poll(() => page.getByRole('button', { name: 'Leave the team' }).isDisabled()).toBe(false);
  expect(await page.getByRole('button', { name: 'Delete the team' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Leave the team' }).click();
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await page.waitForURL('**/dashboard/capsules');
});

it('a member sees who is in the team, and why they change nothing', async () => {
  await using visited = await visitAsMember('/dashboard/team', 'Hedge');
  const { page, owner, teamId } = visited;
  await page.getByText('Who is in the team is for the owner and admins to change').waitFor();
  expect(await page.getByRole('button', { name: 'Add somebody' }).isDisabled()).toBe(true);
  expect(await page.getByRole('button', { name: 'Rename' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'What to do with ada@localhost' }).click();
  await page
    .getByRole('menuitem', { name: /Remove from the team/ })
    .getByText('The owner and admins')
    .waitFor();
  await page.keyboard.press('Escape');
  await expectSound(visited);

  // What changes elsewhere is shown by itself.
  const { members } = (await call(owner, 'GET', `/v1/teams/${teamId}`)) as Details;
  const ben = members.find(({ email }) => email === 'ben@localhost')?.user_id;
  await call(owner, 'PATCH', `/v1/teams/${teamId}/members/${ben}`, { role: 'admin' });
  await expect.poll(() => page.getByRole('button', { name: 'Rename' }).isDisabled()).toBe(false);
});

it('a team is deleted only by who types its name', async () => {
  await using visited = await visitInNewTeam('/dashboard/team', 'Fallen nest');
  const { page } = visited;
  await page.getByRole('button', { name: 'Delete the team' }).click();
  const deed = page.getByRole('dialog').getByRole('button', { name: 'Delete the team' });
  await page.getByLabel('Type Fallen nest to go on').fill('Fallen');
  expect(await deed.isDisabled()).toBe(true);
  await page.getByLabel('Type Fallen nest to go on').fill('Fallen nest');
  await deed.click();
  await page.waitForURL('**/dashboard/capsules');
  const names = page.locator('.side option');
  await expect.poll(async () => (await names.allTextContents()).includes('Fallen nest')).toBe(false);
});
