import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { call, visitInNewTeam } from './support/calls.ts';
import { expectSound, photograph, visit } from './support/page.ts';

it('what capsules reserve is shown by day, today as running, and saved as CSV', async () => {
  await using visited = await visitInNewTeam('/wren.svg', 'Meter');
  const { page } = visited;
  await call(visited, 'POST', '/v1/capsules', {});
  await page.goto('/dashboard/usage?range=7d');
  await page.getByRole('img', { name: /CPU minutes by day/ }).waitFor();
  await expectSound(visited);
  await photograph(visited, 'usage');
  await page.getByText('The days as a table').click();
  const rows = page.locator('tbody tr');
  expect(await rows.count()).toBe(7);
  expect(await rows.first().textContent()).toContain('(so far)');
  await expect
    .poll(async () => {
      await page.getByRole('button', { name: 'Refresh' }).click();
      return await rows.first().getByRole('cell').nth(1).textContent();
    })
    .not.toBe('0');
  expect(await rows.last().getByRole('cell').nth(1).textContent()).toBe('0');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click(),
  ]);
  expect(await readFile(await download.path(), 'utf8')).toMatch(/^date,/);
});

it('more than 92 days are refused plainly, and what was shown stays', async () => {
  await using visited = await visit('/dashboard/usage?from=2026-01-01&to=2026-04-03', {
    as: 'ada@localhost',
  });
  const { page } = visited;
  await page.getByText('These are 93 days; 92 at a time are the most.').waitFor();
  expect(await page.getByRole('button', { name: 'CSV' }).isDisabled()).toBe(true);
  await expectSound(visited);
  await page.getByLabel('to', { exact: true }).fill('2026-04-02');
  await page.waitForURL('**/dashboard/usage?from=2026-01-01&to=2026-04-02');
  await expect.poll(() => page.getByRole('alert').count()).toBe(0);
  await page.getByText('90 days', { exact: true }).click();
  await page.waitForURL('**/dashboard/usage?range=90d');
});
