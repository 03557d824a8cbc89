import { expect, it } from 'vitest';
import { Receiver } from '../../apps/control-plane/src/channels/testing/receiver.ts';
import { call, visitAsMember, visitInNewTeam } from './support/calls.ts';
import { expectSound, photograph } from './support/page.ts';

it('a webhook is tried, made in two steps, and its secret shown once', async () => {
  await using receiver = await Receiver.start();
  await using visited = await visitInNewTeam('/dashboard/channels', 'Tower');
  const { page } = visited;
  await page.getByText('No channels yet').waitFor();
  await expectSound(visited);
  await page.getByRole('button', { name: 'New channel' }).first().click();
  await page.getByLabel('Name').fill('On Call');
  await page.getByLabel('Address').fill('ftp://odd.example');
  await page.getByRole('button', { name: 'Send a test message' }).click();
  await page.getByText('must be http or https').waitFor();
  await page.getByLabel('Address').fill(receiver.url);
  await page.getByRole('button', { name: 'Send a test message' }).click();
  await page.getByText('it arrived').waitFor();
  expect(receiver.received).toHaveLength(1);
  await expectSound(visited);

  await page.getByRole('button', { name: 'On to the events' }).click();
  await page
    .getByRole('group', { name: 'Snapshots and templates' })
    .getByLabel('Snapshots and templates')
    .check();
  await expectSound(visited);
  await page.getByRole('button', { name: 'Make the channel' }).click();
  await page.getByText(/^[0-9a-f]{64}$/).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByRole('cell', { name: 'on-call', exact: true }).waitFor();
  expect(await page.getByText('and 1 more').count()).toBe(1);
  await expectSound(visited);
  await photograph(visited, 'channels');
});

it('a channel is changed, its secret made anew, and it is deleted', async () => {
  await using receiver = await Receiver.start();
  await using visited = await visitInNewTeam('/wren.svg', 'Belfry');
  const { page } = visited;
  const config = { url: receiver.url };
  const events = ['capsule.failed'];
  await call(visited, 'POST', '/v1/channels', { name: 'bell', provider: 'webhook', config, events });
  await page.goto('/dashboard/channels');
  const open = async (item: string) => {
    await page.getByRole('button', { name: /^What to do with/ }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await open('Name and events');
  await page.getByLabel('Name').fill('big bell');
  await page.getByRole('group', { name: 'Hosts' }).getByLabel('Hosts').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: 'big-bell', exact: true }).waitFor();

  await open('New address or secret');
  await page.getByLabel('Address').fill(receiver.url);
  await page.getByRole('button', { name: 'Replace the connection' }).click();
  await page.getByText(/^[0-9a-f]{64}$/).waitFor();
  await page.getByRole('button', { name: 'I have kept it' }).click();

  await open('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No channels yet').waitFor();
});

it('what was sent is listed with what came of it, and sent again', async () => {
  await using receiver = await Receiver.start();
  await using visited = await visitInNewTeam('/wren.svg', 'Pigeons');
  const { page } = visited;
  const config = { url: receiver.url };
  const events = ['capsule.created'];
  await call(visited, 'POST', '/v1/channels', { name: 'post', provider: 'webhook', config, events });
  await call(visited, 'POST', '/v1/capsules', {});
  await expect.poll(() => receiver.received.length).toBe(1);
  await page.goto('/dashboard/channels');
  await page.getByRole('button', { name: 'Deliveries' }).click();
  await page.waitForURL('**/dashboard/channels?deliveries=ch-*');
  await page.getByText('answered 204').waitFor();
  await expectSound(visited);
  await page.getByRole('button', { name: 'Send capsules: made again' }).click();
  await expect.poll(() => receiver.received.length).toBe(2);
  await page.getByText('(again)').waitFor();
  await page.reload();
  await page.getByText('(again)').waitFor();
});

it('a member sees the channels, and why they change none', async () => {
  await using visited = await visitAsMember('/dashboard/channels', 'Listeners');
  await visited.page.getByText('the owner and admins change them').waitFor();
  expect(await visited.page.getByRole('button', { name: 'New channel' }).first().isDisabled()).toBe(true);
});
