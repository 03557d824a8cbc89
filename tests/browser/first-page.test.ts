import { expect, it } from 'vitest';
import { visit } from './support/page.ts';

/** Compressed, as it goes over the wire: page, scripts and styles. Fonts come after the text is shown. */
const mostBytes = 200 * 1024;
const code = new Set(['document', 'script', 'stylesheet']);

it.each([
  { path: '/login', as: undefined },
  { path: '/dashboard/capsules', as: 'ada@localhost' },
])('the first page is small: $path comes whole in less than 200 KB', async ({ path, as }) => {
  await using visited = await visit('/health', as === undefined ? {} : { as });
  const { page } = visited;
  const sizes = new Map<string, Promise<number>>();
  page.on('requestfinished', (request) => {
    const size = async () => (await request.sizes()).responseBodySize;
    if (code.has(request.resourceType())) sizes.set(request.url(), size());
  });
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForLoadState('load');
  const bytes = await Promise.all(sizes.values());
  expect(bytes.length).toBeGreaterThan(5);
  const total = bytes.reduce((sum, size) => sum + size, 0);
  expect(total).toBeLessThan(mostBytes);
});
