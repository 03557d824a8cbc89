import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadline, until } from '@wrenn/core';
import type { WrennClient } from '@wrenn/sdk';

const source = join(import.meta.dirname, 'guest-app.py');
/** Python takes seconds to come up under emulation. */
const startMs = 90_000;

/** Starts the test application in a capsule, at its own loopback address alone, and waits until it answers. */
export async function startGuestApp(
  client: WrennClient,
  edgeUrl: string,
  id: string,
  port: number,
): Promise<void> {
  await client.files.write(id, '/tmp/guest-app.py', await readFile(source));
  await client.processes.start(id, { cmd: 'python3', args: ['/tmp/guest-app.py', String(port)] });
  const { trafficAccessToken } = await client.ports.access(id);
  // By path: not every resolver knows the names below localhost.
  const url = `${edgeUrl}/proxy/${id}/${port}/`;
  using limit = deadline(startMs, 'waiting for the application in the capsule');
  await until(
    async () => {
      const headers = { 'x-wrenn-access': trafficAccessToken };
      const answer = await fetch(url, { headers, signal: limit });
      await answer.body?.cancel();
      return answer.ok ? true : undefined;
    },
    200,
    limit,
  );
}
