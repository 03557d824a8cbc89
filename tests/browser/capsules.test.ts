import { expect, it } from 'vitest';
import { ask, makeCapsule } from './support/api.ts';
import { expectSound, photograph, type Visited, visit } from './support/page.ts';

const as = 'ada@localhost';

async function fillLaunch({ page }: Visited, name: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Add a pair' }).first().click();
  await dialog.getByLabel('Metadata: name 1').fill('name');
  await dialog.getByLabel('Metadata: value 1').fill(name);
}

it('a capsule is launched, paused, resumed, kept, forked and destroyed', async () => {
  await using visited = await visit('/dashboard/capsules', { as });
  const { page } = visited;
  await page.getByRole('button', { name: 'Launch' }).first().click();
  await fillLaunch(visited, 'a <b>bold</b> one');
  await expectSound(visited);
  await photograph(visited, 'launch');
  await page.getByRole('dialog').getByRole('button', { name: 'Launch' }).click();

  await page.getByRole('heading', { name: 'a <b>bold</b> one' }).waitFor();
  const { pathname } = new URL(page.url());
  expect(pathname).toMatch(/^\/dashboard\/capsules\/cl-/);
  await page.getByText('running', { exact: true }).first().waitFor();

  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByText('paused', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await page.getByText('running', { exact: true }).first().waitFor();
  // What was done is there with its times and with what the guest said.
  await page.getByText('What the guest says of it').first().waitFor();
  await expectSound(visited);
  await photograph(visited, 'capsule');

  await page.getByRole('button', { name: 'Snapshot', exact: true }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('kept-by-the-test');
  await page.getByRole('button', { name: 'Make the snapshot' }).click();
  await page.getByText(/kept-by-the-test is kept/).waitFor();

  await page.getByRole('button', { name: 'Fork', exact: true }).click();
  await page.getByLabel('Children').fill('2');
  await page.getByRole('dialog').getByRole('button', { name: 'Fork' }).click();
  await expect.poll(() => page.getByRole('dialog').getByRole('link', { name: /^cl-/ }).count()).toBe(2);
  const child = page.getByRole('dialog').getByRole('link').first();
  const childPath = await child.getAttribute('href');
  await child.click();
  await page.waitForURL(`**${childPath}`);
  await page.getByText('Forked from').waitFor();

  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Destroy' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Destroy' }).click();
  await page.getByText('It is destroyed.').waitFor();
  await expectSound(visited);
});

it('the list is searched by the server, marks what was found, and its address can be shared', async () => {
  await using visited = await visit('/dashboard/capsules', { as });
  const { page } = visited;
  await using red = await makeCapsule(visited, { metadata: { name: 'red-search' } });
  await using blue = await makeCapsule(visited, { metadata: { name: 'blue-search' } });
  await ask(visited, 'POST', `/v1/capsules/${blue.id}/pause`, {});

  await page.getByLabel('Search capsules').fill('RED-SEA');
  await expect.poll(() => page.locator('mark').allTextContents()).toEqual(['red-sea']);
  await page.waitForURL('**/dashboard/capsules?q=RED-SEA');

  await page.goto('/dashboard/capsules?q=-search&status=paused');
  await page.getByRole('link', { name: 'blue-search' }).waitFor();
  expect(await page.getByRole('link', { name: 'red-search' }).count()).toBe(0);
  await page.getByRole('button', { name: /^running/ }).click();
  await page.getByRole('link', { name: 'red-search' }).waitFor();
  await page.getByRole('button', { name: 'Status', exact: true }).click();
  await page.waitForURL('**sort=status**');
  expect(red.id).not.toBe(blue.id);
});

it('what is made and changed elsewhere shows in the list by itself', async () => {
  await using visited = await visit('/dashboard/capsules?q=seen-live', { as });
  const { page } = visited;
  await page.getByText('Nothing fits').waitFor();
  await using made = await makeCapsule(visited, { metadata: { name: 'seen-live' } });
  const row = page.getByRole('row').filter({ hasText: 'seen-live' });
  await row.getByText('running').waitFor();
  await ask(visited, 'POST', `/v1/capsules/${made.id}/pause`, {});
  await row.getByText('paused').waitFor();
});

it('a template is chosen by keyboard, and Escape leaves the dialog open that the list is in', async () => {
  await using visited = await visit('/dashboard/capsules?launch=minimal', { as });
  const { page } = visited;
  const template = page.getByRole('combobox', { name: 'Template' });
  await template.fill('mini');
  await page.getByRole('option', { name: /^minimal/ }).waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').getByRole('option').count()).toBe(0);
  await template.fill('minima');
  await page.getByRole('option', { name: /^minimal/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect(await template.inputValue()).toBe('minimal');
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
});

it('what the server refuses is said in the dialog, which keeps what was typed', async () => {
  await using visited = await visit('/dashboard/capsules?launch=not-there', { as });
  const { page } = visited;
  await fillLaunch(visited, 'typed before');
  await page.getByRole('dialog').getByRole('button', { name: 'Launch' }).click();
  await page
    .getByText(/not-there/)
    .first()
    .waitFor();
  expect(await page.getByLabel('Metadata: value 1').inputValue()).toBe('typed before');
  await expectSound(visited);
});

it('a menu says why something cannot be done', async () => {
  await using visited = await visit('/dashboard/capsules', { as });
  const { page } = visited;
  await using made = await makeCapsule(visited, { metadata: { name: 'with-a-menu' } });
  await page.goto(`/dashboard/capsules?q=${made.id}`);
  await page.getByRole('button', { name: 'What to do with with-a-menu' }).click();
  await page.getByRole('menuitem', { name: /Resume.*this needs one that is paused/ }).waitFor();
  expect(await page.getByRole('menuitem', { name: /Resume/ }).getAttribute('aria-disabled')).toBe('true');
});

it('several are chosen and destroyed together', async () => {
  await using visited = await visit('/dashboard/capsules', { as });
  const { page } = visited;
  for (const name of ['1', '2', '3']) {
    await ask(visited, 'POST', '/v1/capsules', { metadata: { name: `in-bulk-${name}` } });
  }
  await page.goto('/dashboard/capsules?q=in-bulk');
  await page.getByLabel('Select in-bulk-1').waitFor();
  await page.getByLabel(/^Select all/).check();
  await page.getByText('3 selected').waitFor();
  await expectSound(visited);
  await page
    .getByRole('group', { name: 'What is selected' })
    .getByRole('button', { name: 'Destroy' })
    .click();
  await page.getByRole('dialog').getByRole('button', { name: 'Destroy' }).click();
  await page.getByText('Nothing fits').waitFor();
  await page.getByText('3 capsules are destroyed').waitFor();
});

it('a capsule that is not there is said to be so', async () => {
  await using visited = await visit('/dashboard/capsules/cl-0000000000000000000000000', { as });
  await visited.page.getByText('There is no such capsule').waitFor();
  await expectSound(visited);
});
