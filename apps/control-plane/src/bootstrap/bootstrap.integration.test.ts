import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ControlPlaneConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { testConfig } from '../testing/test-config.ts';
import { bootstrap } from './bootstrap.ts';

let databases: TestDatabases;
let directory: string;
let config: ControlPlaneConfig;
let keyFile: string;
const now = new Date();
const address = '127.0.0.1:50051';

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
});
afterAll(() => databases?.[Symbol.asyncDispose]());
beforeEach(async (context) => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-bootstrap-'));
  context.onTestFinished(() => rm(directory, { recursive: true, force: true }));
  keyFile = join(directory, 'api-key');
  config = testConfig({ databaseUrl: await databases.empty(), directory });
});

test('makes what is missing in an empty database and an empty directory', async () => {
  const result = await bootstrap(config, keyFile, address, now);
  expect(result).toEqual({
    api_key_file: keyFile,
    host_id: expect.stringMatching(/^host-/),
    team_id: expect.stringMatching(/^team-/),
  });
  expect(await readFile(keyFile, 'utf8')).toMatch(/^wrn_[0-9a-f]{32}\n$/);
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  for (const name of ['ca', 'control-plane', 'host']) {
    expect((await stat(join(directory, 'pki', `${name}.key`))).mode & 0o777).toBe(0o600);
  }
});

test('done again it changes nothing, and a new address is taken over', async () => {
  const first = await bootstrap(config, keyFile, address, now);
  const key = await readFile(keyFile, 'utf8');
  expect(await bootstrap(config, keyFile, '127.0.0.1:50052', now)).toEqual(first);
  expect(await readFile(keyFile, 'utf8')).toBe(key);
  const database = openDatabase(config.databaseUrl, () => undefined);
  expect(await database.selectFrom('hosts').select('address').execute()).toEqual([
    { address: '127.0.0.1:50052' },
  ]);
  expect(await database.selectFrom('api_keys').select('key_hash').execute()).toHaveLength(1);
  await database.destroy();
});

test('a key that is no longer valid is replaced', async () => {
  await bootstrap(config, keyFile, address, now);
  await writeFile(keyFile, `wrn_${'0'.repeat(32)}\n`);
  await bootstrap(config, keyFile, address, now);
  expect(await readFile(keyFile, 'utf8')).not.toContain('0'.repeat(32));
});

test('with a new database the machine stays the same host', async () => {
  const first = await bootstrap(config, keyFile, address, now);
  const second = await bootstrap({ ...config, databaseUrl: await databases.empty() }, keyFile, address, now);
  expect(second.host_id).toBe(first.host_id);
});

test('the command prints its result as one line of JSON', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, '../main.ts'), 'bootstrap', '--api-key-file', keyFile],
    { env: { ...process.env, DATABASE_URL: config.databaseUrl, WRENN_DIR: directory }, timeout: 30_000 },
  );
  expect(stdout.split('\n')).toHaveLength(2);
  expect(JSON.parse(stdout)).toMatchObject({ api_key_file: keyFile, host_id: expect.any(String) });
});
