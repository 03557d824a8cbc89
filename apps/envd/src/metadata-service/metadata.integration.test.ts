import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { startEnvd } from '../testing/envd-under-test.ts';
import { runCommand } from '../testing/run-command.ts';

test('what /init leaves out comes from the metadata service, after the answer', async () => {
  await using service = createServer((request, response) => {
    const { method, headers } = request;
    if (method === 'PUT') response.end('the token');
    else if (headers['x-metadata-token'] === 'the token')
      response.end('{"instanceID":"cl-a","envID":"tpl-a"}');
    else response.writeHead(401).end();
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const address = service.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const script = 'mount -t tmpfs none /run && mkdir /run/wrenn && exec "$0" "$@"';
  await using envd = await startEnvd({
    flags: ['--metadata-url', `http://127.0.0.1:${port}`],
    before: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script],
  });
  const accessToken = 'the token of the capsule';
  const body = JSON.stringify({ accessToken, hostSecret: 'the secret of the host' });
  expect((await fetch(`${envd.url}/init`, { method: 'POST', body })).status).toBe(200);
  const client = envd.client({ headers: { 'x-access-token': accessToken } });
  const seen = async () =>
    (
      await runCommand(client, 'sh', ['-c', 'echo $WRENN_TEMPLATE_ID $(cat /run/wrenn/.WRENN_SANDBOX_ID)'])
    ).stdout.toString();
  await expect.poll(seen).toBe('tpl-a cl-a\n');
});
