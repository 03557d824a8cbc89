import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { listen } from './listen.ts';

it('says the port that it got', async () => {
  const server = createServer();
  expect(await listen(server, { host: '127.0.0.1', port: 0 }, 'WRENN_ADDR')).toMatch(
    /^127\.0\.0\.1:[1-9]\d+$/,
  );
  server.close();
  await once(server, 'close');
});

it('names the address in use and the setting that changes it', async () => {
  const first = createServer();
  const port = Number((await listen(first, { host: '127.0.0.1', port: 0 }, 'WRENN_ADDR')).split(':')[1]);
  await expect(listen(createServer(), { host: '127.0.0.1', port }, 'WRENN_ADDR')).rejects.toMatchObject({
    code: 'missing_prerequisite',
    message: expect.stringContaining(`127.0.0.1:${port}: the address is in use`),
    remedy: expect.stringContaining('WRENN_ADDR'),
  });
  first.close();
  await once(first, 'close');
});
