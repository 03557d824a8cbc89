import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Cleanup, parseConfig, until, WrennError } from '@wrenn/core';
import { startEmbeddedPostgres } from '@wrenn/postgres';
import { createLogger } from '@wrenn/service';
import { FakeHost } from '@wrenn/testkit';
import { bootstrap } from '../../apps/control-plane/src/bootstrap/bootstrap.ts';
import { ensureFirstAdmin } from '../../apps/control-plane/src/bootstrap/first-admin.ts';
import { seedManyCapsules } from '../../apps/control-plane/src/capsules/testing/many-capsules.ts';
import { settings } from '../../apps/control-plane/src/config.ts';
import { startControlPlane } from '../../apps/control-plane/src/control-plane.ts';
import { ensurePki } from '../../apps/control-plane/src/pki/ensure.ts';
import { pkiPaths } from '../../apps/control-plane/src/pki/paths.ts';
import { buildDashboard } from '../../apps/dashboard/build/build-dashboard.ts';
import { password, seedAccounts } from './seed.ts';
import { seedUsage } from './seed-usage.ts';

const startMs = 60_000;

export interface Development extends AsyncDisposable {
  readonly url: string;
  readonly apiKey: string;
  /** Of all accounts. */
  readonly password: string;
  readonly databaseUrl: string;
  /** What whoever started it wants to know. */
  readonly summary: string;
}

/** A control plane with a database of its own below `directory`, one fake host, accounts and two capsules. */
export async function startDevelopment(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Development> {
  const cleanup = new Cleanup();
  try {
    return await start(resolve(directory), environment, signal, cleanup);
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}

async function start(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  cleanup: Cleanup,
): Promise<Development> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const dashboard = await buildDashboard();
  const postgres = await startEmbeddedPostgres({ directory: join(folder, 'postgres'), signal });
  await cleanup.add('PostgreSQL', () => postgres.stop());
  const config = parseConfig(settings, {
    LOG_LEVEL: 'warn',
    // So that it runs beside an installation, and several of it beside each other.
    WRENN_CP_METRICS_ADDR: 'off',
    ...environment,
    DATABASE_URL: postgres.url,
    WRENN_DIR: folder,
    WRENN_DASHBOARD_DIR: dashboard.value,
  });

  const host = await startFakeHost(folder);
  await cleanup.add('the fake host', () => host[Symbol.asyncDispose]());
  await writeFile(join(folder, 'admin-password'), `${password}\n`, { mode: 0o600 });
  const keyFile = join(folder, 'api-key');
  await bootstrap(config, keyFile, host.address, new Date());
  const log = createLogger('dev', config.logLevel);
  const controlPlane = await startControlPlane({ config, log });
  await cleanup.add('the control plane', () => controlPlane.stop('leave'));
  await ensureFirstAdmin(config, controlPlane.context.database);
  await seedAccounts(controlPlane.context);
  await seedUsage(controlPlane.context);
  await seedManyCapsules(controlPlane.context, Number(environment['WRENN_DEV_CAPSULES'] ?? 0));

  const apiKey = (await readFile(keyFile, 'utf8')).trim();
  await isReady(controlPlane.url, signal);
  await seedCapsules(controlPlane.url, apiKey);
  return {
    url: controlPlane.url,
    apiKey,
    password,
    databaseUrl: postgres.url,
    summary: summaryOf(controlPlane.url, config.adminEmail, apiKey),
    [Symbol.asyncDispose]: () => cleanup.release(),
  };
}

async function startFakeHost(folder: string): Promise<FakeHost> {
  const paths = pkiPaths(folder);
  await ensurePki(paths, '127.0.0.1', new Date());
  const [ca = '', certificate = '', key = ''] = await Promise.all(
    [paths.ca.certificate, paths.host.certificate, paths.host.key].map((path) => readFile(path, 'utf8')),
  );
  return await FakeHost.start({ ca, certificate, key });
}

async function isReady(url: string, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(startMs)]);
  await until(async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined), 50, limit);
}

async function seedCapsules(url: string, apiKey: string): Promise<void> {
  const headers = { 'x-api-key': apiKey, 'content-type': 'application/json' };
  for (const name of ['first', 'second']) {
    const body = JSON.stringify({ metadata: { name } });
    const { status } = await fetch(`${url}/v1/capsules`, { method: 'POST', headers, body });
    if (status !== 201) throw new WrennError('internal_error', `making a capsule answered ${status}`);
  }
}

function summaryOf(url: string, admin: string, apiKey: string): string {
  return `
The control plane on a fake host: no virtual machine is behind it.

dashboard  ${url}/
API        ${url}  (described at ${url}/docs)
API key    ${apiKey}
accounts   ${admin} (administrator), ada@localhost (owner), ben@localhost (member)
password   ${password}
usage      of the six weeks before the first start is made up, so that charts have something to show
`;
}
