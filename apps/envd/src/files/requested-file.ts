import { resolveUserPath } from '../filesystem/user-path.ts';
import type { Daemon } from '../guest/daemon.ts';
import type { Account } from '../users/accounts.ts';

/**
 * Which file a request is about, and as whom it is done. Only the query says who, never an Authorization header: it is
 * what a signature covers. Throws `unauthorized` for an unknown user, `invalid_request` for a path that is none.
 */
export function requestedFile(
  daemon: Pick<Daemon, 'accounts' | 'settings'>,
  query: URLSearchParams,
): { readonly path: string; readonly account: Account } {
  const account = accountNamed(daemon, query.get('username') ?? '');
  return { account, path: resolveUserPath(query.get('path') ?? '', account, daemon.settings.defaultWorkdir) };
}

/** Nobody's name is the default user's. */
export function accountNamed(
  { accounts, settings }: Pick<Daemon, 'accounts' | 'settings'>,
  name: string,
): Account {
  return accounts.find(name === '' ? settings.defaultUser : name);
}
