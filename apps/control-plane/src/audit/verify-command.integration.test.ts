import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { ensureSecrets } from '../secrets/secrets.ts';
import { TestLog } from './testing/log.ts';

let databases: TestDatabases;
let directory: string;
let url: string;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
});
afterAll(() => databases?.[Symbol.asyncDispose]());
beforeEach(async (context) => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-audit-'));
  context.onTestFinished(() => rm(directory, { recursive: true, force: true }));
  url = await databases.fresh();
});

/** The program as it is called, with the database and secrets of an installation. */
async function verify(...flags: string[]): Promise<{ code: number; stdout: string }> {
  const argv = [join(import.meta.dirname, '../main.ts'), 'audit', 'verify', ...flags];
  const env = { ...process.env, DATABASE_URL: url, WRENN_DIR: directory };
  return await new Promise((resolve) => {
    execFile(process.execPath, argv, { env }, (fault, stdout) => {
      resolve({ code: fault === null ? 0 : Number(fault.code), stdout });
    });
  });
}

test('the command says what is wrong as one line of JSON, and ends with 1 for it', async () => {
  const { audit } = await ensureSecrets(directory);
  await using log = new TestLog(url, audit);
  const teamId = newId('team');
  await log.write(teamId, 5);
  const whole = await verify();
  expect(whole).toMatchObject({ code: 0 });
  expect(JSON.parse(whole.stdout)).toEqual({ chains: 1, entries: 5, forgotten: 0, findings: [], wrong: 0 });
  await sql`delete from audit_entries where number = 2`.execute(log.database);
  const broken = await verify('--team', teamId);
  expect(broken.code).toBe(1);
  expect(broken.stdout.split('\n')).toHaveLength(2);
  expect(JSON.parse(broken.stdout)).toMatchObject({
    wrong: 1,
    findings: [{ team: teamId, what: 'missing', number: 2 }],
  });
});

test('without the key of the installation nothing is judged, and none is made', async () => {
  for (let times = 0; times < 2; times += 1) {
    const { code, stdout } = await verify();
    expect(code).toBe(1);
    expect(stdout).toContain('WRENN_DIR');
    expect(stdout).not.toContain('chains');
  }
});

test('a team that is none, or has no log, is a fault', async () => {
  await ensureSecrets(directory);
  expect((await verify('--team', 'nonsense')).stdout).toContain('not a team ID');
  expect((await verify('--team', newId('team'))).stdout).toContain('nothing was ever written');
});
