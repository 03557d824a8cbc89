import { isAbsolute, join, normalize } from 'node:path/posix';
import type { Scope } from '../recipe/plan/scope.ts';

/** What a step finds, and what the template has in the end: as whom, where and with which variables things run. */
export interface Surroundings {
  readonly user: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Only while it is built. */
  readonly args: Readonly<Record<string, string>>;
}

export function scopeOf({ env, args }: Pick<Surroundings, 'env' | 'args'>): Scope {
  return { environment: new Map(Object.entries(env)), args: new Map(Object.entries(args)) };
}

export function fromScope({ environment, args }: Scope): Pick<Surroundings, 'env' | 'args'> {
  return { env: Object.fromEntries(environment), args: Object.fromEntries(args) };
}

/** A path as a recipe has it, from the root on; a slash at its end stays. */
export function pathIn({ workdir }: Pick<Surroundings, 'workdir'>, path: string): string {
  return isAbsolute(path) ? normalize(path) : join(workdir, path);
}

/** Of a machine and not of a template: each capsule, user or shell has its own. */
const personal = new Set([
  ...['HOME', 'USER', 'LOGNAME', 'SHELL', 'PWD', 'OLDPWD', 'HOSTNAME', 'TERM', 'SHLVL', '_'],
  ...[
    'WRENN_SANDBOX',
    'WRENN_SANDBOX_ID',
    'WRENN_TEMPLATE_ID',
    'E2B_SANDBOX',
    'E2B_SANDBOX_ID',
    'E2B_TEMPLATE_ID',
  ],
]);

/** What every capsule of the template gets. */
export function lastingEnv({ env }: Surroundings): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !personal.has(name)));
}
