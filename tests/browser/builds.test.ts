import { expect, it } from 'vitest';
import { call, visitInNewTeam } from './support/calls.ts';
import { expectSound, photograph, type Visited } from './support/page.ts';

interface Made {
  readonly id: string;
}

/** Without what only a guest has: commands are those of the fake host. */
async function submitted(visited: Visited, name: string, recipe: readonly string[]): Promise<string> {
  const body = { name, recipe, skip_pre_post: true, no_cache: true };
  return ((await call(visited, 'POST', '/v1/builds', body)) as Made).id;
}

async function handIn({ page }: Visited, name: string, recipe: string): Promise<void> {
  await page.getByLabel('Name of the template').fill(name);
  await page.getByLabel('Recipe', { exact: true }).last().fill(recipe);
  await page.getByLabel('Without a beginning and an end').check();
  await page.getByRole('button', { name: 'Build', exact: true }).click();
}

it('a recipe is handed in, followed as it goes, read meanwhile, and cancelled', async () => {
  await using visited = await visitInNewTeam('/dashboard/builds', 'Builders');
  const { page } = visited;
  await page.getByText('No builds yet').waitFor();
  await expectSound(visited);
  await page.getByRole('link', { name: 'New build' }).first().click();
  await page.waitForURL('**/dashboard/builds/new');
  await expectSound(visited);
  await handIn(visited, 'clock', 'RUN ["echo", "<b>one</b>"]\nENV GREETING=hello\nRUN ["ticks", "100000"]');
  await page.waitForURL('**/dashboard/builds/bld-*');

  const log = page.getByRole('region', { name: /What step 4 wrote/ });
  await log.getByText('line 60', { exact: true }).waitFor();
  const isAtEnd = () => log.evaluate((frame) => frame.scrollHeight - frame.clientHeight - frame.scrollTop);
  await expect.poll(isAtEnd).toBeLessThan(8);

  await log.evaluate((frame) => {
    frame.scrollTop = 40;
  });
  await page.getByRole('button', { name: 'To the end' }).waitFor();
  const height = await log.evaluate((frame) => frame.scrollHeight);
  await expect.poll(() => log.evaluate((frame) => frame.scrollHeight)).toBeGreaterThan(height + 100);
  expect(await log.evaluate((frame) => frame.scrollTop)).toBe(40);
  await expectSound(visited);
  await page.getByRole('button', { name: 'To the end' }).click();
  await expect.poll(isAtEnd).toBeLessThan(8);

  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel the build' }).click();
  await page.getByText('the build was cancelled').waitFor();
  await page.reload();
  await page.getByRole('listitem').filter({ hasText: 'echo' }).locator('summary').click();
  await page
    .getByRole('region', { name: 'What step 2 wrote' })
    .getByText('<b>one</b>', { exact: true })
    .waitFor();
});

it('what is built is a template that capsules are launched from', async () => {
  await using visited = await visitInNewTeam('/wren.svg', 'Makers');
  const { page } = visited;
  const recipe = [
    '# Tools for the shell',
    'ENV GREETING=hello \\',
    '  PLACE=world',
    'RUN ["warn", "no index"]',
    'RUN ["lines", "40"]',
    'USER root',
  ];
  const id = await submitted(visited, 'tools', recipe);
  await page.goto(`/dashboard/builds/${id}`);
  await page.getByText('has a new version').waitFor();
  await page.locator('#step-4 summary').click();
  await page.getByRole('region', { name: 'What step 4 wrote' }).waitFor();
  await expectSound(visited);
  await photograph(visited, 'build');
  await page.getByRole('button', { name: 'Copy the recipe' }).click();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(recipe.join('\n'));
  await page.getByRole('link', { name: 'Launch a capsule' }).click();
  await page.waitForURL('**/dashboard/capsules?launch=tpl-*');
  await page.getByRole('dialog').getByLabel('Template').waitFor();
});

it('a log of more lines than anybody reads stays a small page', async () => {
  await using visited = await visitInNewTeam('/wren.svg', 'Writers');
  const { page } = visited;
  const id = await submitted(visited, 'long', ['RUN ["lines", "20000"]', 'RUN ["false"]']);
  await page.goto(`/dashboard/builds/${id}#step-2`);
  const log = page.getByRole('region', { name: 'What step 2 wrote' });
  await log.getByText('line 20000', { exact: true }).waitFor();
  await page.getByText('The first 10,000 lines are left out here.').waitFor();
  expect(await log.locator('.line').count()).toBeLessThan(150);
  await log.press('Home');
  await log.getByText('line 10001', { exact: true }).waitFor();
});

it('a build that fails says where and why, and is changed and handed in again', async () => {
  await using visited = await visitInNewTeam('/wren.svg', 'Menders');
  const { page } = visited;
  const id = await submitted(visited, 'broken', ['RUN ["echo", "fine"]', '', 'RUN ["false"]']);
  await page.goto(`/dashboard/builds/${id}`);
  await page.getByText(/the command failed/).waitFor();
  await page.getByText('exit 1', { exact: true }).waitFor();
  expect(await page.locator('.recipe li.failed').textContent()).toContain('"false"');
  await expectSound(visited);
  await photograph(visited, 'build-failed');
  await page.getByRole('link', { name: 'Build again' }).click();
  const recipe = page.getByLabel('Recipe', { exact: true }).last();
  await expect.poll(() => recipe.inputValue()).toContain('RUN ["false"]');
  await handIn(visited, 'broken', 'RUN ["true"]');
  await page.getByText('has a new version').waitFor();
});

it('what is wrong with a recipe is shown at its line, and nothing that was typed is lost', async () => {
  await using visited = await visitInNewTeam('/dashboard/builds/new', 'Readers');
  const { page } = visited;
  await handIn(visited, 'wrong', 'RUN ["true"]\n\nFETCH x\nUSER 1x');
  const places = page.getByRole('alert').getByRole('button');
  await expect.poll(() => places.allTextContents()).toEqual(['Line 3, column 1', 'Line 4, column 6']);
  await expectSound(visited);
  await photograph(visited, 'build-new');
  await places.last().click();
  const recipe = page.getByLabel('Recipe', { exact: true }).last();
  expect(
    await recipe.evaluate((area) => {
      const { value, selectionStart, selectionEnd } = area as unknown as {
        value: string;
        selectionStart: number;
        selectionEnd: number;
      };
      return value.slice(selectionStart, selectionEnd);
    }),
  ).toBe('1x');
  await page.getByRole('link', { name: 'Keys' }).click();
  await page.waitForURL('**/dashboard/keys');
  await page.goBack();
  expect(await page.getByLabel('Recipe', { exact: true }).last().inputValue()).toContain('FETCH x');
});

it('an archive is dropped, and goes along with what copies from it', async () => {
  await using visited = await visitInNewTeam('/dashboard/builds/new', 'Packers');
  const { page } = visited;
  await handIn(visited, 'copies', 'COPY a.txt /srv/');
  await page.getByText(/the recipe copies files, and there are none/).waitFor();
  const dataTransfer = await page.evaluateHandle(
    "(() => { const all = new DataTransfer(); all.items.add(new File(['no archive'], 'files.tar.gz')); return all; })()",
  );
  await page.getByRole('group', { name: 'Files to copy from' }).dispatchEvent('drop', { dataTransfer });
  await page.getByText('files.tar.gz').waitFor();
  await expectSound(visited);
  await page.getByRole('button', { name: 'Build', exact: true }).click();
  await page.waitForURL('**/dashboard/builds/bld-*');
  await page.getByRole('heading', { name: 'Build of copies' }).waitFor();
});

it('the list shows how builds go, as they go', async () => {
  await using visited = await visitInNewTeam('/wren.svg', 'Watchers');
  const { page } = visited;
  await submitted(visited, 'first', ['FROM minimal', 'RUN ["true"]']);
  await page.goto('/dashboard/builds');
  const row = (name: string) => page.getByRole('row').filter({ hasText: name });
  await row('first').getByText('success').waitFor();
  await submitted(visited, 'third', ['RUN ["false"]']);
  await row('third').getByText('failed').waitFor();
  const id = await submitted(visited, 'second', ['RUN ["hang"]']);
  await row('second').getByText('running').waitFor();
  await expectSound(visited);
  await photograph(visited, 'builds');
  await row('second').getByRole('button', { name: 'Cancel the build of second' }).click();
  await page.getByRole('button', { name: 'Cancel the build', exact: true }).click();
  await row('second').getByText('cancelled').waitFor();
  await row('second').getByRole('link').click();
  await page.waitForURL(`**/dashboard/builds/${id}`);
});

it('a build of another team is not there', async () => {
  await using visited = await visitInNewTeam('/wren.svg', 'Strangers');
  const { page } = visited;
  const id = await submitted(visited, 'theirs', ['RUN ["true"]']);
  await using other = await visitInNewTeam(`/dashboard/builds/${id}`, 'Others', { as: 'ben@localhost' });
  await other.page.getByText('There is no such build').waitFor();
  await expectSound(other);
  await page.goto(`/dashboard/builds/${id}`);
  await page.getByText('has a new version').waitFor();
});
