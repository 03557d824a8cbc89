import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { WrennClient } from '@wrenn/sdk';
import { waitForPort } from './wait-for-port.ts';

/** Python takes seconds to come up under emulation. */
const startMs = 90_000;

/** Starts the test application in a capsule, at its own loopback address alone, and waits until it answers. */
export async function startGuestApp(
  client: WrennClient,
  edgeUrl: string,
  id: string,
  port: number,
): Promise<void> {
  await startPythonServer(client, edgeUrl, { id, port, source: join(import.meta.dirname, 'guest-app.py') });
}

/** The same with a program of one's own, a file of this machine that is told its port. */
export async function startPythonServer(
  client: WrennClient,
  edgeUrl: string,
  { id, port, source }: { readonly id: string; readonly port: number; readonly source: string },
): Promise<void> {
  const path = `/tmp/${basename(source)}`;
  await client.files.write(id, path, await readFile(source));
  await client.processes.start(id, { cmd: 'python3', args: [path, String(port)] });
  await waitForPort(client, edgeUrl, { id, port, ms: startMs });
}
