import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

async function listenAt(host: string): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function ports(): Promise<readonly number[]> {
  const answer = await fetch(`${envd.url}/ports`);
  return ((await answer.json()) as { readonly ports: readonly number[] }).ports;
}

test.each(['127.0.0.1', '::1', '0.0.0.0', '::'])(
  'what listens at %s is listed until it is closed',
  async (host) => {
    const { server, port } = await listenAt(host);
    const listed = await ports();
    expect(listed).toContain(port);
    expect(listed).toEqual([...new Set(listed)].sort((one, other) => one - other));
    server.close();
    await once(server, 'close');
    expect(await ports()).not.toContain(port);
  },
);

test('the daemon itself is not', async () => {
  expect(await ports()).not.toContain(Number(new URL(envd.url).port));
});
