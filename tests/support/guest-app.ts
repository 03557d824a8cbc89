import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WrennClient } from '@wrenn/sdk';
import { waitForPort } from './wait-for-port.ts';

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
  await waitForPort(client, edgeUrl, { id, port, ms: startMs });
}
