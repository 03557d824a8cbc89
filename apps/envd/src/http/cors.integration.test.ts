import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';

/** As in a capsule that has not been initialised: every answer but that of /health is a refusal. */
let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd({ flags: [] });
});
afterAll(() => envd[Symbol.asyncDispose]());

const origin = { origin: 'https://example.com' };

test.each([
  ['GET', '/health', 200],
  ['GET', '/files', 401],
  ['GET', '/nothing', 404],
  ['DELETE', '/health', 405],
  ['POST', '/process.Process/List', 401],
])('a page of any origin may read the answer to %s %s', async (method, path, status) => {
  const headers = { ...origin, 'content-type': 'application/json' };
  const body = method === 'POST' ? '{}' : null;
  const response = await fetch(envd.url + path, { method, headers, body });
  expect(response.status).toBe(status);
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('access-control-expose-headers')).toContain('Content-Range');
  expect(response.headers.get('access-control-allow-credentials')).toBeNull();
});

test.each(['/files', '/metrics', '/process.Process/Start'])(
  'a page may ask what it may send to %s',
  async (path) => {
    const response = await fetch(envd.url + path, {
      method: 'OPTIONS',
      headers: {
        ...origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, x-access-token, x-metadata-a',
      },
    });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      'access-control-allow-headers': 'authorization, x-access-token, x-metadata-a',
      'access-control-max-age': '7200',
    });
  },
);

test('what only the host calls is no page’s business', async () => {
  for (const method of ['OPTIONS', 'POST']) {
    const response = await fetch(`${envd.url}/init`, { method, headers: origin });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  }
});
