import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@wrenn/core';
import { startEmbeddedPostgres } from '@wrenn/postgres';
import { beforeEach, expect, test } from 'vitest';
import { settings } from '../config.ts';
import { DirectoryLock } from '../up/directory-lock.ts';
import { createAdmin } from './create-admin.ts';

const signal = new AbortController().signal;
let directory: string;
beforeEach(async (context) => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-admin-'));
  // The database's user passes through it.
  await chmod(directory, 0o711);
  context.onTestFinished(() => rm(directory, { recursive: true, force: true }));
});

async function create(email: string) {
  const environment = { ...process.env, WRENN_DIR: directory, DATABASE_URL: '' };
  const config = parseConfig(settings, environment);
  return await createAdmin({ config, environment, screen: process.stderr }, ['--email', email]);
}

test('an administrator is made where no Wrenn runs, and nothing runs afterwards', async () => {
  const made = await create('root@example.org');
  expect(made).toEqual({
    user_id: expect.stringMatching(/^usr-/),
    email: 'root@example.org',
    password_file: join(directory, 'admin-password-root%40example.org'),
  });
  expect(await readFile(made.password_file ?? '', 'utf8')).toMatch(/^[\w-]{24}\n$/);
  await using _lock = await DirectoryLock.take(directory, signal);
});

test('and where one runs, in its database', async () => {
  await using _lock = await DirectoryLock.take(directory, signal);
  const server = await startEmbeddedPostgres({
    directory: join(directory, 'postgres'),
    signal,
    fsync: 'off',
  });
  try {
    const { user_id } = await create('root@example.org');
    expect(await create('root@example.org')).toMatchObject({ user_id });
  } finally {
    await server.stop();
  }
});

test('what the program refuses is told as it says it', async () => {
  await expect(create('nobody')).rejects.toMatchObject({ code: 'invalid_request' });
});
