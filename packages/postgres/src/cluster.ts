import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WrennError } from '@wrenn/core';
import type { Account } from './account.ts';
import { type Distribution, exists } from './distribution.ts';
import { ensureOwned, type Layout } from './layout.ts';

/** The cluster's superuser; also the database that is made for us. */
export const owner = 'wrenn';

/** Makes the data directory, once. Returns the superuser's password. */
export async function ensureCluster(
  { programs, major }: Distribution,
  layout: Layout,
  account: Account,
  fsync: 'on' | 'off',
  signal: AbortSignal,
): Promise<string> {
  if (await exists(layout.data)) {
    await refuseOtherMajor(layout, major);
    return await readPassword(layout);
  }
  const password = await ensurePassword(layout, account);
  // initdb into another name: what an interrupted one left is not taken for a cluster.
  const partial = `${layout.data}.partial`;
  await rm(partial, { recursive: true, force: true });
  await ensureOwned(partial, account);
  const locale =
    major >= 17
      ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
      : ['--locale=C.UTF-8'];
  const options = ['--encoding=UTF8', ...locale, ...(fsync === 'off' ? ['--no-sync'] : [])];
  const access = ['--auth=scram-sha-256', `--username=${owner}`, `--pwfile=${layout.password}`];
  try {
    await promisify(execFile)(join(programs, 'initdb'), ['-D', partial, ...access, ...options], {
      uid: account.uid,
      gid: account.gid,
      cwd: partial,
      env: { PATH: '/usr/bin:/bin', TZ: 'UTC', LC_ALL: 'C' },
      timeout: 120_000,
      signal,
    });
  } catch (cause) {
    signal.throwIfAborted();
    const said =
      cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : 'it could not be run';
    throw new WrennError('internal_error', `initdb failed: ${said.split('\n').at(-1)}`, { cause });
  }
  await rename(partial, layout.data);
  return password;
}

async function ensurePassword(layout: Layout, account: Account): Promise<string> {
  if (await exists(layout.password)) return await readPassword(layout);
  const password = randomBytes(24).toString('base64url');
  const partial = `${layout.password}.partial`;
  await writeFile(partial, `${password}\n`, { mode: 0o600 });
  await chown(partial, account.uid, account.gid);
  await rename(partial, layout.password);
  return password;
}

async function readPassword(layout: Layout): Promise<string> {
  if (!(await exists(layout.password))) {
    throw new WrennError('missing_prerequisite', `${layout.password} is missing, and the database needs it`, {
      remedy:
        'restore the file from a backup, or move the data directory away to begin with an empty database',
    });
  }
  return (await readFile(layout.password, 'utf8')).trim();
}

async function refuseOtherMajor(layout: Layout, major: number): Promise<void> {
  const found = (await readFile(join(layout.data, 'PG_VERSION'), 'utf8')).trim();
  if (found === String(major)) return;
  throw new WrennError(
    'missing_prerequisite',
    `${layout.data} was made by PostgreSQL ${found}, and this Wrenn has ${major}`,
    { remedy: 'move it with pg_dump and pg_restore of the newer version, or set DATABASE_URL to a server' },
  );
}
