import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type Cleanup, newId, uuidFromId } from '@wrenn/core';
import { trafficSocket } from '@wrenn/forward';
import { createLogger } from '@wrenn/service';
import { freePort } from '@wrenn/testkit/free-port';
import { TrafficCatalog } from '../../apps/host-agent/src/traffic/traffic-catalog.ts';
import { listens, startProgram } from './program.ts';

const program = join(import.meta.dirname, '../../apps/edge/src/main.ts');

/**
 * The edge as a process of its own, with a server of this machine in the place of a capsule, and a stand-in for the
 * control plane that says of it that its ports are public.
 */
export async function startEdgeAlone(
  folder: string,
  backend: number,
  cleanup: Cleanup,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly host: string }> {
  const id = newId('capsule');
  const catalog = await TrafficCatalog.open({
    path: trafficSocket(folder),
    log: createLogger('bench', 'silent'),
    onUse: () => undefined,
  });
  await cleanup.add('catalog', () => catalog.close());
  catalog.serve({ id, address: '127.0.0.1', token: '' });
  await mkdir(join(folder, 'secrets'));
  await writeFile(join(folder, 'secrets', 'edge'), 'of the benchmark');
  const [controlPlane, edge] = [await freePort(), await freePort()];
  await standInControlPlane(controlPlane, cleanup);
  await startProgram(
    [process.execPath, program],
    {
      WRENN_DIR: folder,
      WRENN_EDGE_LISTEN_ADDR: `127.0.0.1:${edge}`,
      WRENN_CP_URL: `http://127.0.0.1:${controlPlane}`,
      LOG_LEVEL: 'warn',
    },
    cleanup,
  );
  await listens(edge, signal);
  return { url: `http://127.0.0.1:${edge}/`, host: `${backend}-${id}.localhost` };
}

async function standInControlPlane(port: number, cleanup: Cleanup): Promise<void> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        status: 'running',
        auto_resume: false,
        public_ports: true,
        access_key: Buffer.alloc(32).toString('base64url'),
        host_id: uuidFromId(newId('host')),
      }),
    );
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  await cleanup.add('the stand-in of the control plane', () => {
    server.close();
    server.closeAllConnections();
  });
}
