import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { FakeHost, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { freePort } from '@wrenn/testkit/free-port';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { migrateUrl } from './db/migrator.ts';
import { ReceivingServer } from './mail/testing/receiving-server.ts';
import { type Person, person } from './teams/testing/people.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const entry = z.object({ items: z.array(z.object({ resource_type: z.string(), action: z.string() })) });

let databases: TestDatabases;
let receiving: ReceivingServer;
/** Makes the installation that the program outside is started for. */
let server: TestServer<FakeHost>;
let owner: Person;
let folder: string;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  receiving = await ReceivingServer.start();
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHost.start(tls),
    // Replicas share what waits: whichever takes the mail has to know where to.
    variables: smtp(),
  });
  owner = await person(server.controlPlane, 'Olga');
  folder = await mkdtemp(join(tmpdir(), 'wrenn-extension-'));
  await cp(join(repository, 'docs', 'extension'), folder, { recursive: true });
  await install('@wrenn/control-plane', join(repository, 'apps', 'control-plane'));
  const { resolve } = createRequire(import.meta.url);
  for (const name of ['zod', 'fastify-type-provider-zod'])
    await install(name, await folderOf(resolve(name), name));
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await receiving?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function smtp(): Record<string, string> {
  return { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(receiving.port), SMTP_TLS: 'never' };
}

async function install(name: string, from: string): Promise<void> {
  const at = join(folder, 'node_modules', name);
  await mkdir(dirname(at), { recursive: true });
  await symlink(from, at);
}

async function folderOf(file: string, name: string): Promise<string> {
  for (let at = dirname(file); at !== '/'; at = dirname(at)) {
    const text = await readFile(join(at, 'package.json'), 'utf8').catch(() => '{}');
    if (z.object({ name: z.string().optional() }).parse(JSON.parse(text)).name === name) return at;
  }
  throw new Error(`${name} is not installed`);
}

test('a program outside of the repository adds a route, a worker and a hook, sends mail and writes to the audit log', async (context) => {
  const port = await freePort();
  const program = spawn(process.execPath, ['main.ts'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      DATABASE_URL: server.config.databaseUrl,
      WRENN_DIR: server.config.directory,
      WRENN_CP_LISTEN_ADDR: `127.0.0.1:${port}`,
      ...smtp(),
      LOG_LEVEL: 'info',
    },
  });
  context.onTestFinished(() => void program.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface(program.stdout).on('line', (line) => lines.push(line));
  const url = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(isReady, { timeout: 60_000 }).toBe(true);

  const headers = { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ text: 'remember the milk' });
  const kept = await fetch(`${url}/v1/notes`, { method: 'PUT', headers, body });
  expect(kept.status).toBe(204);
  const read = await fetch(`${url}/v1/notes`, { headers });
  expect(await read.json()).toEqual({ text: 'remember the milk' });
  expect(read.headers.get('x-notes')).toBe('1');
  expect((await fetch(`${url}/v1/notes`)).status).toBe(401);

  await expect
    .poll(() => receiving.mails.map(({ to }) => to), { timeout: 60_000 })
    .toContainEqual([owner.email]);
  const log = entry.parse(await (await fetch(`${url}/v1/audit-logs`, { headers })).json());
  expect(log.items).toContainEqual(expect.objectContaining({ resource_type: 'note', action: 'write' }));
  await expect.poll(() => lines.join('\n'), { timeout: 20_000 }).toContain('notes are kept');

  const ended = once(program, 'exit');
  program.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
