import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { client } from '../support/client.ts';

let ids: string[] = [];
beforeAll(async () => {
  ids = await Promise.all(
    [client().capsules.create(), client().capsules.create()].map(async (made) => (await made).id),
  );
});
afterAll(async () => {
  await Promise.all(ids.map((id) => client().capsules.destroy(id)));
});

async function inGuest(script: string) {
  const [id = ''] = ids;
  return client().capsules.exec(id, { cmd: 'sh', args: ['-c', script], timeoutSec: 60 });
}

/** Tries a TCP connection from the guest; prints `open`, `refused` or `silent`. */
function connectFrom(address: string, port: number): string {
  return `python3 -c '
import socket
s = socket.socket(); s.settimeout(3)
try:
    s.connect(("${address}", ${port})); print("open")
except ConnectionRefusedError: print("refused")
except OSError: print("silent")'`;
}

describe('a guest', () => {
  it('resolves names and reaches the internet, where the host does', async ({ skip }) => {
    const url = 'http://deb.debian.org/debian/dists/bookworm/InRelease';
    let answer = '';
    // The host is asked each time, as it may lose its own way for a while.
    for (let time = 0; time < 3 && answer !== '200'; time++) {
      const host = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(30_000) }).catch(
        () => undefined,
      );
      if (!host?.ok) skip('this machine itself does not reach deb.debian.org');
      const { stdout, stderr } = await inGuest(`curl -sS -m 30 -o /dev/null -w "%{http_code}" ${url}`);
      answer = `${stdout}${stderr}`;
    }
    expect(answer).toBe('200');
  });

  it("reaches none of the host's own services", async () => {
    const server = createServer((socket) => socket.end());
    await once(server.listen(0, '0.0.0.0'), 'listening');
    try {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
      const addresses = own
        .filter(({ family, internal }) => family === 'IPv4' && !internal)
        .map(({ address }) => address);
      expect(addresses.length).toBeGreaterThan(0);
      for (const address of [...addresses.slice(0, 3), '169.254.0.22']) {
        expect([address, (await inGuest(connectFrom(address, port))).stdout.trim()]).toEqual([
          address,
          expect.stringMatching(/^(silent|refused)$/),
        ]);
      }
    } finally {
      server.close();
    }
  });

  it('reaches no other guest, no private range and nothing but its own metadata at the link-local one', async () => {
    const { hostIp = '' } = await client().capsules.get(ids[1] ?? '');
    expect(hostIp).toMatch(/^10\.11\./);
    for (const [address, port] of [
      [hostIp, 49983],
      ['10.0.0.1', 80],
      ['192.168.1.1', 80],
      ['169.254.169.254', 8080],
      ['169.254.169.253', 80],
    ] as const) {
      expect([address, (await inGuest(connectFrom(address, port))).stdout.trim()]).not.toEqual([
        address,
        'open',
      ]);
    }
  });
});
