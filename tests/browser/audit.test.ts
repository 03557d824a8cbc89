import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { call, visitAsMember, visitInNewTeam } from './support/calls.ts';
import { expectSound, photograph } from './support/page.ts';

interface Made {
  readonly id: string;
}
const lines = '[aria-busy] li';

it('more than 200 entries come as somebody scrolls, without gaps and repeats', async () => {
  await using visited = await visitInNewTeam('/wren.svg', 'Archive');
  const { page } = visited;
  const events = ['capsule.failed'];
  const config = { url: 'https://hook.example/' };
  const channel = { name: 'change-0', provider: 'webhook', config, events };
  const { id } = (await call(visited, 'POST', '/v1/channels', channel)) as Made;
  for (let count = 1; count <= 210; count += 1)
    await call(visited, 'PATCH', `/v1/channels/${id}`, { name: `change-${count}`, events });
  await page.goto('/dashboard/audit');
  await page.getByText('changed the channel change-210', { exact: true }).waitFor();
  await expect
    .poll(async () => {
      await page.locator(lines).last().scrollIntoViewIfNeeded();
      return await page.getByText('which are all').count();
    })
    .toBe(1);
  const sentences = await page.locator(`${lines} .sentence`).allTextContents();
  const changes = sentences.filter((sentence) => sentence.startsWith('changed the channel'));
  expect(changes).toEqual(
    Array.from({ length: 210 }, (_, index) => `changed the channel change-${210 - index}`),
  );
});

it('what is chosen of two things stays pairs, is in the address, and is taken away by its chip', async () => {
  await using visited = await visitInNewTeam('/wren.svg', 'Ledger');
  const { page } = visited;
  const key = (await call(visited, 'POST', '/v1/api-keys', { name: '<b>bold</b>' })) as Made;
  await call(visited, 'DELETE', `/v1/api-keys/${key.id}`);
  const hook = {
    name: 'hook',
    provider: 'webhook',
    config: { url: 'https://a.example/' },
    events: ['host.up'],
  };
  const channel = (await call(visited, 'POST', '/v1/channels', hook)) as Made;
  await call(visited, 'DELETE', `/v1/channels/${channel.id}`);
  await page.goto('/dashboard/audit');
  await page.getByText('made the key <b>bold</b>').waitFor();
  await page.getByRole('button', { name: /What was done/ }).click();
  for (const [thing, action] of [
    ['Keys', 'Revoked'],
    ['Channels', 'Made'],
  ] as const) {
    await page.getByRole('button', { name: `Actions of ${thing}` }).click();
    await page.getByRole('listitem').filter({ hasText: thing }).getByLabel(action, { exact: true }).check();
  }
  await expectSound(visited);
  await page.keyboard.press('Escape');
  await page.waitForURL('**/dashboard/audit?what=api_key.revoke,channel.create');
  const shown = () => page.locator(`${lines} .sentence`).allTextContents();
  await expect.poll(shown).toEqual(['made the channel hook', 'revoked the key <b>bold</b>']);
  await page.reload();
  await expect.poll(shown).toEqual(['made the channel hook', 'revoked the key <b>bold</b>']);
  await expectSound(visited);
  await photograph(visited, 'audit');
  await page.getByRole('button', { name: 'Take away: Keys: revoked' }).click();
  await expect.poll(shown).toEqual(['made the channel hook']);
});

it('an entry opens, tells who and from where, and leads to all by them', async () => {
  await using visited = await visitInNewTeam('/dashboard/audit', 'Witness');
  const { page } = visited;
  await page.getByText('made the team Witness').click();
  await page.getByText('IP address').or(page.getByText('number 1')).first().waitFor();
  await expectSound(visited);
  await page.getByRole('button', { name: 'Only by them' }).click();
  await page.waitForURL('**/dashboard/audit?actor=usr-*');
  await page.getByRole('button', { name: /^Take away: By usr-/ }).waitFor();
});

it('what is chosen is exported as lines of JSON, by the owner', async () => {
  await using visited = await visitInNewTeam('/dashboard/audit?what=team.create&range=7d', 'Export');
  const { page } = visited;
  await page.getByText('made the team Export').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click(),
  ]);
  const saved = (await readFile(await download.path(), 'utf8')).trim().split('\n');
  expect(saved.map((line) => JSON.parse(line).action)).toEqual(['create']);
});

it('a member reads what is for members, and is told why they export nothing', async () => {
  await using visited = await visitAsMember('/dashboard/audit', 'Readers');
  const button = visited.page.getByRole('button', { name: 'Export' });
  expect(await button.isDisabled()).toBe(true);
  expect(await button.getAttribute('title')).toBe('The owner and admins can export it.');
});
