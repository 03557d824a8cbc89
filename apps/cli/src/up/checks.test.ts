import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { checkPort } from './checks.ts';
import { localUrl } from './listen-address.ts';

it('a port in use is named, with what moves it', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' ? (bound?.port ?? 0) : 0;
  const wanted = { usedBy: 'API', variable: 'WRENN_CP_LISTEN_ADDR', address: { host: '127.0.0.1', port } };
  await expect(checkPort(wanted)).rejects.toMatchObject({
    code: 'missing_prerequisite',
    message: `port 127.0.0.1:${port} for the API is in use`,
    remedy: expect.stringContaining('set WRENN_CP_LISTEN_ADDR'),
  });
  server.close();
  await once(server, 'close');
  await expect(checkPort(wanted)).resolves.toBeUndefined();
});

it.each([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
  ['wrenn.example', 'http://wrenn.example:80'],
])('what listens on %s is reached at %s', (host, url) => {
  expect(localUrl({ host, port: 80 })).toBe(url);
});
