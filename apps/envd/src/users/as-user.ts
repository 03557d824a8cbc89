import { WrennError } from '@wrenn/core';
import { type Credentials, withFilePermissionsOf } from '@wrenn/sys';

/**
 * Runs `action` with the file permissions of `account`, so that the kernel decides what the user may do, at the very
 * moment it is done. `action` must be synchronous and short, since nothing else runs meanwhile; what it opens stays
 * usable afterwards, so that reading and writing go on by descriptor.
 *
 * Throws `forbidden` when this daemon is not root and the account is another's; what `action` throws passes through.
 */
export function asUser<T>(account: Credentials & { readonly name: string }, action: () => T): T {
  if (isOurs(account)) return action();
  if (process.geteuid?.() !== 0) {
    throw new WrennError('forbidden', `only root can act as ${account.name}`);
  }
  return withFilePermissionsOf(account, action);
}

/** Whether this daemon is that account as it is: a user with another group than its own is not. */
export function isOurs({ uid, gid }: Credentials): boolean {
  return uid === process.geteuid?.() && gid === process.getegid?.();
}
