import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '@wrenn/core';
import { freePort } from '@wrenn/testkit/free-port';
import { listens, startProgram } from '../loads/program.ts';

/** Without its administration interface and its log; as many idle connections to the server as clients are measured with. */
const common = '{\n  admin off\n  auto_https off\n}\n';

/** A small page from memory: what is behind both proxies. Returns its port. */
export async function startCaddyBackend(
  folder: string,
  cleanup: Cleanup,
  signal: AbortSignal,
): Promise<number> {
  const port = await freePort();
  await caddy(
    folder,
    'backend',
    `http://:${port} {\n  bind 127.0.0.1\n  respond "hello from the server"\n}\n`,
    cleanup,
  );
  await listens(port, signal);
  return port;
}

/** Returns its address. */
export async function startCaddyProxy(
  folder: string,
  backend: number,
  cleanup: Cleanup,
  signal: AbortSignal,
): Promise<string> {
  const port = await freePort();
  const site = `http://:${port} {\n  bind 127.0.0.1\n  reverse_proxy 127.0.0.1:${backend} {\n    transport http {\n      keepalive_idle_conns_per_host 100\n    }\n  }\n}\n`;
  await caddy(folder, 'proxy', site, cleanup);
  await listens(port, signal);
  return `http://127.0.0.1:${port}/`;
}

async function caddy(folder: string, name: string, site: string, cleanup: Cleanup): Promise<void> {
  const file = join(folder, `${name}.caddyfile`);
  await writeFile(file, common + site);
  const argv = ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'] as const;
  await startProgram(argv, { HOME: folder }, cleanup);
}
