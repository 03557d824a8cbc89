import { expect, it } from 'vitest';
import { ask, makeCapsule } from './support/api.ts';
import { expectSound, photograph, visit } from './support/page.ts';

const as = 'ada@localhost';

it('metrics of a capsule are drawn, and the range is in the address', async () => {
  await using visited = await visit('/dashboard/capsules', { as });
  const { page } = visited;
  await using made = await makeCapsule(visited, { metadata: { name: 'with-metrics' } });
  await page.goto(`/dashboard/capsules/${made.id}/metrics`);
  await page.getByRole('img', { name: /^Processors: .*%/ }).waitFor();
  await page.getByRole('img', { name: /^Disk: / }).waitFor();
  await expectSound(visited);
  await photograph(visited, 'capsule-metrics');
  await page.getByText('1 hour', { exact: true }).click();
  await page.waitForURL('**/metrics?range=1h');
});

it('ports are private, are shared by links, and can be made public', async () => {
  await using visited = await visit('/dashboard/capsules', { as });
  const { page } = visited;
  await using made = await makeCapsule(visited, { metadata: { name: 'with-ports' } });
  await page.goto(`/dashboard/capsules/${made.id}/ports`);
  await page.getByLabel('Port that a program in it listens on').fill('8000');
  await page.getByRole('button', { name: 'Add the port' }).click();
  await page.waitForURL('**/ports?port=8000');
  await page.getByText(`http://8000-${made.id}.localhost:8081/`, { exact: true }).waitFor();
  await page.getByText(`http://127.0.0.1:8081/proxy/${made.id}/8000/`, { exact: true }).waitFor();

  await page.getByRole('button', { name: 'Share' }).click();
  await page.getByLabel('It holds for').selectOption({ label: 'a day' });
  await page.getByRole('button', { name: 'Make the link' }).click();
  await expect.poll(() => page.getByText(/wrenn_access=/).count()).toBe(2);
  await page.getByRole('button', { name: 'Done', exact: true }).click();

  await page.getByRole('switch').click();
  await page.getByRole('button', { name: 'Make them public' }).click();
  await page.getByText('Whoever knows an address may use it.').waitFor();
  const { public_ports } = await ask<{ public_ports: boolean }>(
    visited,
    'GET',
    `/v1/capsules/${made.id}/access`,
  );
  expect(public_ports).toBe(true);
  // They are there again without being in the address.
  await page.goto(`/dashboard/capsules/${made.id}/ports`);
  await page.getByRole('heading', { name: '8000' }).waitFor();
});

it('ports that something listens on are there by themselves, and say when nobody does any more', async () => {
  await using visited = await visit('/dashboard/capsules', { as });
  const { page } = visited;
  await using made = await makeCapsule(visited, { metadata: { name: 'with-a-server' } });
  await page.goto(`/dashboard/capsules/${made.id}/ports`);
  await page.getByText('Nothing in it listens yet').waitFor();
  const server = { cmd: 'listen', args: ['3000', '8000'], background: true, tag: 'server' };
  await ask(visited, 'POST', `/v1/capsules/${made.id}/exec`, server);
  await page.getByRole('button', { name: 'Look again' }).click();
  await page.getByRole('heading', { name: '3000' }).waitFor();
  await page.getByLabel('Port that a program in it listens on').fill('8000');
  await page.getByRole('button', { name: 'Add the port' }).click();
  expect(await page.getByText('open', { exact: true }).count()).toBe(2);
  await expectSound(visited);
  await photograph(visited, 'capsule-ports');
  await ask(visited, 'DELETE', `/v1/capsules/${made.id}/processes/server`);
  await page.getByRole('button', { name: 'Look again' }).click();
  // The one that was added stays.
  await page.getByText('nobody listens').waitFor();
  expect(await page.getByRole('heading', { name: '3000' }).count()).toBe(0);
  expect(await page.getByRole('heading', { name: '8000' }).count()).toBe(1);
});

it('what a team has reserved is shown, with the most of thirty days', async () => {
  await using visited = await visit('/dashboard/metrics?range=5m', { as });
  const { page } = visited;
  await page.getByRole('img', { name: /^Running capsules: / }).waitFor();
  expect(await page.getByText(/^most in 30 days: /).count()).toBe(3);
  await expectSound(visited);
  await photograph(visited, 'metrics');
});
