import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { visit } from '../browser/support/page.ts';
import { client } from '../support/client.ts';

/** Each operation on an emulated machine takes seconds. */
const testMs = 400_000;

it(
  'a real capsule is launched, paused, resumed, forked, kept and destroyed in the dashboard',
  async () => {
    const { baseUrl: url, directory } = inject('wrenn');
    const password = (await readFile(join(directory, 'admin-password'), 'utf8')).trim();
    await using visited = await visit('/dashboard/capsules?launch=minimal', {
      as: 'admin@localhost',
      password,
      url,
    });
    const { page } = visited;
    const [name, snapshot] = ['of the dashboard', `dashboard-${Date.now().toString(36)}`];
    const state = (text: string) => page.locator('header').getByText(text, { exact: true }).waitFor();

    await page.getByRole('dialog').getByRole('button', { name: 'Add a pair' }).first().click();
    await page.getByLabel('Metadata: name 1').fill('name');
    await page.getByLabel('Metadata: value 1').fill(name);
    await page.getByRole('dialog').getByRole('button', { name: 'Launch' }).click();
    await page.getByRole('heading', { name }).waitFor();
    await state('running');
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await client().files.write(id, 'kept', 'by the capsule');

    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await state('paused');
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await state('running');
    await page
      .getByText(/^set (forward|back) by|^was right$/)
      .first()
      .waitFor();

    await page.getByRole('button', { name: 'Fork', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Fork' }).click();
    const child = (await page.getByRole('dialog').getByRole('link').first().textContent()) ?? '';
    expect(await client().files.readText(child, 'kept')).toBe('by the capsule');
    await page.getByRole('button', { name: 'Done', exact: true }).click();

    await page.getByRole('button', { name: 'Snapshot', exact: true }).click();
    await page.getByRole('dialog').getByLabel('Name').fill(snapshot);
    await page.getByRole('button', { name: 'Make the snapshot' }).click();
    await page.getByText(`${snapshot} is kept`, { exact: false }).waitFor();
    await page.goto(`/dashboard/snapshots?q=${snapshot}`);
    const tree = page.getByRole('navigation', { name: 'Tree of snapshots' });
    await tree.getByRole('link', { name: snapshot }).waitFor();
    await tree.getByRole('link', { name: id }).waitFor();
    await page.getByRole('button', { name: `What to do with ${snapshot}` }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText(`${snapshot} is deleted`).waitFor();

    for (const one of [child, id]) {
      await page.goto(`/dashboard/capsules/${one}`);
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: 'Destroy' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Destroy' }).click();
      await state('stopped');
    }
    expect(visited.complaints).toEqual([]);
  },
  testMs,
);
