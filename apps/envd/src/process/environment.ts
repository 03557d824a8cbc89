import { WrennError } from '@wrenn/core';
import type { Account } from '../users/accounts.ts';

/** Where programs are looked for when the daemon itself was started without a PATH. */
export const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentSources {
  readonly path: string;
  readonly account: Pick<Account, 'name' | 'home'>;
  /** The capsule's own variables, from `/init`. */
  readonly global: Readonly<Record<string, string>>;
  /** This request's, which win. */
  readonly requested: Readonly<Record<string, string>>;
}

/** The whole environment of a process; nothing of the daemon's own leaks into it. Throws `invalid_request`. */
export function buildEnvironment({
  path,
  account,
  global,
  requested,
}: EnvironmentSources): Record<string, string> {
  checkEnvironment(requested, 'process.envs');
  const base = { PATH: path, HOME: account.home, USER: account.name, LOGNAME: account.name };
  // No prototype: `__proto__` is a name like any other in an environment.
  const environment: Record<string, string> = Object.create(null);
  for (const source of [base, global, requested]) {
    for (const [name, value] of Object.entries(source)) environment[name] = value;
  }
  return environment;
}

/** The kernel takes NAME=VALUE strings that end in NUL, so neither part may hold what would change that. */
export function checkEnvironment(variables: Readonly<Record<string, string>>, field: string): void {
  for (const [name, value] of Object.entries(variables)) {
    if (name === '' || /[=\0]/.test(name)) {
      throw new WrennError('invalid_request', `${JSON.stringify(name)} cannot be the name of a variable`, {
        field,
      });
    }
    if (value.includes('\0')) {
      throw new WrennError('invalid_request', `the variable ${name} contains a NUL`, { field });
    }
  }
}
