import { expect, it } from 'vitest';
import { ask, makeCapsule } from './support/api.ts';
import { expectSound, photograph, type Visited, visit } from './support/page.ts';

const as = 'ada@localhost';

async function keep(visited: Visited, id: string, name: string): Promise<void> {
  await ask(visited, 'POST', '/v1/snapshots', { sandbox_id: id, name });
}

it('a template has tags and aliases, which are given and taken away', async () => {
  await using visited = await visit('/dashboard/capsules', { as });
  const { page } = visited;
  await using made = await makeCapsule(visited, {});
  await keep(visited, made.id, 'tagged-one');
  await page.goto('/dashboard/templates?q=tagged-one&kind=snapshot');
  await page.getByText('1 vCPU · 512 MiB').waitFor();
  await expectSound(visited);
  await photograph(visited, 'templates');
  await page.getByRole('link', { name: 'tagged-one' }).click();

  await page.getByLabel('New tag for this version').fill('v1');
  await page.getByRole('button', { name: 'Tag it' }).click();
  await page.getByRole('button', { name: 'Take the tag v1 away' }).waitFor();
  await page.getByLabel('New alias').fill('another-name');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('button', { name: 'Take the alias another-name away' }).waitFor();
  await expectSound(visited);
  await photograph(visited, 'template');
  await page.getByRole('button', { name: 'Take the tag v1 away' }).click();
  await page.getByRole('button', { name: 'Take it away', exact: true }).click();
  await expect.poll(() => page.getByRole('button', { name: 'Take the tag v1 away' }).count()).toBe(0);

  await page.getByRole('button', { name: 'Share it with all teams' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Share it' }).click();
  await page.getByText(/^All teams can use it, as/).waitFor();

  await page.getByRole('button', { name: 'What to do with it' }).click();
  await page.getByRole('menuitem', { name: 'Delete all versions' }).click();
  await page.getByLabel('Type tagged-one to go on').fill('tagged-one');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete all versions' }).click();
  await page.waitForURL('**/dashboard/templates');
});

it('snapshots are a tree of what goes on from what, by mouse and by keyboard', async () => {
  await using visited = await visit('/dashboard/capsules', { as });
  const { page } = visited;
  await using first = await makeCapsule(visited, {});
  await keep(visited, first.id, 'trunk');
  await using second = await makeCapsule(visited, { template: 'trunk' });
  await keep(visited, second.id, 'branch');
  await page.goto('/dashboard/snapshots?q=trunk');
  const tree = page.getByRole('navigation', { name: 'Tree of snapshots' });
  const trunk = tree
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name: 'trunk' }) })
    .last();
  await trunk.getByRole('link', { name: 'branch' }).waitFor();
  await trunk.getByRole('link', { name: '1 capsule' }).waitFor();
  await expectSound(visited);
  await photograph(visited, 'snapshots');

  await page.getByRole('button', { name: 'What goes on from trunk' }).focus();
  await page.keyboard.press('Enter');
  expect(await tree.getByRole('link', { name: 'branch' }).count()).toBe(0);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'What to do with branch' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Launch from it' }).waitFor();
  await page.keyboard.press('Enter');
  // A snapshot has its shape with it.
  await page.getByText('so its capsules have its shape').waitFor();
  expect(await page.getByLabel('vCPUs').isDisabled()).toBe(true);
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'What to do with trunk' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByText(/1 capsule was made from it and stays/).waitFor();
  await page.getByText(/1 snapshot goes on from it/).waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('trunk is deleted').waitFor();
});
