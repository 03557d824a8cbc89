import { WrennError } from '@wrenn/core';
import type { Account } from '../users/accounts.ts';

/**
 * The absolute path that a client means: nothing is the capsule's default folder (else the user's home), `~` the
 * user's own home, and a relative path starts at that home. Symbolic links and `..` stay for the kernel to resolve.
 * Throws `invalid_request` that names `field`.
 */
export function resolveUserPath(
  path: string,
  { home }: Pick<Account, 'home'>,
  defaultWorkdir: string | undefined,
  field = 'path',
): string {
  if (path.includes('\0')) throw new WrennError('invalid_request', `${field} contains a NUL`, { field });
  // Half a character has no bytes: the path would lead to another file than the one that was named.
  if (!path.isWellFormed()) throw new WrennError('invalid_request', `${field} is not Unicode`, { field });
  const wanted = path === '' ? (defaultWorkdir ?? home) : path;
  if (wanted === '~') return home;
  if (wanted.startsWith('~/')) return below(home, wanted.slice(2));
  if (wanted.startsWith('~')) {
    throw new WrennError('invalid_request', `${field}: ~ only stands for the user's own home`, { field });
  }
  return wanted.startsWith('/') ? wanted : below(home, wanted);
}

/** Users without a home have `/` for it. */
function below(home: string, path: string): string {
  return home === '/' ? `/${path}` : `${home}/${path}`;
}
