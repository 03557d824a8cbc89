import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ControlPlaneConfig } from '../config.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { testConfig } from '../testing/test-config.ts';
import { beginSession, listSessions } from '../users/login-sessions.ts';
import { checkPassword } from '../users/password.ts';
import { findUserByEmail, insertUser, updateUser } from '../users/store.ts';
import { adminCommand } from './admin-command.ts';
import { ensureFirstAdmin } from './first-admin.ts';
import { makeAdmin } from './make-admin.ts';
import { openRecorder } from './open-recorder.ts';

let databases: TestDatabases;
let directory: string;
let url: string;
let database: Database;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
});
afterAll(() => databases?.[Symbol.asyncDispose]());
beforeEach(async (context) => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-admin-'));
  context.onTestFinished(() => rm(directory, { recursive: true, force: true }));
  url = await databases.fresh();
  config = testConfig({ databaseUrl: url, directory });
  database = openDatabase(url, () => undefined);
  context.onTestFinished(() => database.destroy());
});

/** Runs the program; returns the line that it prints. */
async function program(...args: string[]): Promise<Record<string, string>> {
  const main = join(import.meta.dirname, '../main.ts');
  const environment = { ...process.env, DATABASE_URL: url, WRENN_DIR: directory };
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], {
    env: environment,
    timeout: 60_000,
  });
  return JSON.parse(stdout) as Record<string, string>;
}

let config: ControlPlaneConfig;
const passwordOf = async (file: string) => (await readFile(file, 'utf8')).trim();
const opens = async (email: string, password: string) =>
  await checkPassword(password, (await findUserByEmail(database, email))?.passwordHash);

describe('the first administrator', () => {
  const bootstrap = async () => {
    await ensureDefaultTeam(database);
    return await ensureFirstAdmin(config, database);
  };
  const file = () => join(directory, 'admin-password');

  test('of a new installation is made, with a password in a file that only its owner reads', async () => {
    const result = await program('bootstrap', '--first-admin');
    expect(result).toMatchObject({ admin_email: 'admin@localhost', admin_password_file: file() });
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await opens('admin@localhost', await passwordOf(file()))).toBe('right');
    expect(await findUserByEmail(database, 'admin@localhost')).toMatchObject({
      isAdmin: true,
      status: 'active',
    });
  });

  test('owns the team that the installation began with', async () => {
    await bootstrap();
    const rows = await database
      .selectFrom('memberships as member')
      .innerJoin('teams as team', 'team.id', 'member.team_id')
      .select(['team.slug', 'member.role', 'member.is_default'])
      .execute();
    expect(rows).toEqual([{ slug: 'default', role: 'owner', is_default: true }]);
  });

  test('is made once: the next start finds them', async () => {
    const first = await bootstrap();
    const password = await passwordOf(file());
    expect(await bootstrap()).toEqual(first);
    expect(await passwordOf(file())).toBe(password);
  });

  test('is not made where anybody has an account, however few administrators there are', async () => {
    await insertUser(database, {
      email: 'a@example.org',
      name: 'A',
      passwordHash: undefined,
      status: 'inactive',
    });
    expect(await bootstrap()).toBeUndefined();
    expect(await database.selectFrom('users').select('is_admin').execute()).toEqual([{ is_admin: false }]);
  });

  test('whose password was changed is told no more where it once was', async () => {
    await bootstrap();
    const user = await findUserByEmail(database, 'admin@localhost');
    if (user === undefined) throw new Error('there is no administrator');
    await updateUser(database, user.id, {
      passwordHash: '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    });
    expect(await bootstrap()).toBeUndefined();
  });
});

describe('admin create', () => {
  const create = async (email: string, passwordFile = join(directory, 'password')) =>
    await makeAdmin(
      { database, recorder: await openRecorder(config) },
      { email, name: 'Root', passwordFile },
    );

  test('makes an account with a random password in a file of its own', async () => {
    const result = await program('admin', 'create', '--email', 'Root@Example.org', '--name', 'Root');
    const file = join(directory, 'admin-password-root%40example.org');
    expect(result).toEqual({
      user_id: expect.stringMatching(/^usr-/),
      email: 'root@example.org',
      password_file: file,
    });
    expect(await opens('root@example.org', await passwordOf(file))).toBe('right');
  });

  test('takes the password from a file', async () => {
    const file = join(directory, 'mine');
    await writeFile(file, 'a password of my own\n');
    await create('root@example.org', file);
    expect(await opens('root@example.org', 'a password of my own')).toBe('right');
  });

  test('does not take one that nobody could choose', async () => {
    const file = join(directory, 'mine');
    await writeFile(file, 'short\n');
    await expect(create('root@example.org', file)).rejects.toMatchObject({ field: 'password-file' });
    expect(await findUserByEmail(database, 'root@example.org')).toBeUndefined();
  });

  test('makes one of an account that is there, which keeps its name and password', async () => {
    const made = { email: 'a@example.org', name: 'A', passwordHash: undefined, status: 'inactive' } as const;
    await insertUser(database, made);
    expect(await create('a@example.org')).toMatchObject({ hasPasswordOfFile: false });
    const found = { isAdmin: true, status: 'active', name: 'A', passwordHash: undefined };
    expect(await findUserByEmail(database, 'a@example.org')).toMatchObject(found);
  });

  test('gives an account that is there the password of a file, and ends its sessions', async () => {
    await create('root@example.org');
    const { userId } = await create('root@example.org');
    await beginSession(database, { userId, teamId: undefined, origin: { userAgent: '', address: '' } });
    const file = join(directory, 'mine');
    await writeFile(file, 'a password of my own\n');
    await create('root@example.org', file);
    expect(await opens('root@example.org', 'a password of my own')).toBe('right');
    expect(await listSessions(database, userId)).toEqual([]);
  });

  test('is in the audit log of the platform', async () => {
    const { userId } = await create('a@example.org');
    const entries = await database
      .selectFrom('audit_entries')
      .select(['action', 'actor_type', 'resource_id'])
      .execute();
    expect(entries).toContainEqual({ action: 'grant_admin', actor_type: 'system', resource_id: userId });
  });

  test.each([
    [['create', '--email', 'nobody'], 'email'],
    [['create'], 'email'],
    [['create', '--email', 'a@example.org', '--name', ''], 'name'],
  ])('called as %j is refused', async (args, field) => {
    await expect(adminCommand(config, args)).rejects.toMatchObject({ code: 'invalid_request', field });
  });
});
