import { statSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import { resolveUserPath } from '../filesystem/user-path.ts';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';

/**
 * Where a process starts: what the request asks for, else the capsule's default, else the user's home, else `/`
 * (many system users have no home). Throws `invalid_request` when the folder is not one that the user can enter.
 */
export function chooseWorkingDirectory(
  requested: string | undefined,
  fallback: string | undefined,
  account: Account,
): string {
  const asked = requested === undefined || requested === '' ? fallback : requested;
  if (asked === undefined) return problemWith(account.home, account) === undefined ? account.home : '/';
  const path = resolveUserPath(asked, account, undefined, 'process.cwd');
  const problem = problemWith(path, account);
  if (problem === undefined) return path;
  throw new WrennError('invalid_request', `cwd ${JSON.stringify(path)} ${problem}`, {
    field: 'process.cwd',
    remedy: 'name a folder that exists and that the user may enter',
  });
}

function problemWith(path: string, account: Account): string | undefined {
  // The dot asks the kernel for the right to enter the folder, not only for its being there.
  try {
    asUser(account, () => statSync(`${path}/.`));
    return undefined;
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT') return 'does not exist';
    if (code === 'ENOTDIR') return 'is not a directory';
    if (code === 'EACCES') return `may not be entered by ${account.name}`;
    if (code === 'ELOOP' || code === 'ENAMETOOLONG') return `cannot be followed (${code})`;
    throw thrown;
  }
}
