import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemCode } from '@wrenn/core';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';

export interface SoughtProgram {
  readonly cmd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly account: Account;
}

/**
 * Where execvp() would find a command: along the PATH of its own environment, from its own folder, with the user's
 * rights. Undefined when it is nowhere. Whether the user may run it is for the kernel to say.
 */
export function findProgram({ cmd, env, cwd, account }: SoughtProgram): string | undefined {
  const folders = (env['PATH'] ?? '').split(':');
  const candidates = cmd.includes('/') ? [cmd] : folders.map((folder) => `${folder || '.'}/${cmd}`);
  return asUser(account, () => {
    const there = candidates.flatMap((path) => {
      const mode = modeOf(resolve(cwd, path));
      return mode === undefined ? [] : [{ path, isExecutable: (mode & 0o111) !== 0 }];
    });
    return (there.find(({ isExecutable }) => isExecutable) ?? there[0])?.path;
  });
}

/** Undefined when there is nothing that the user can see. */
function modeOf(path: string): number | undefined {
  try {
    const stats = statSync(path);
    // A folder is no program, and is only said to be none when nothing else is there.
    return stats.isFile() ? stats.mode : 0;
  } catch (thrown) {
    if (notThere.includes(systemCode(thrown))) return undefined;
    throw thrown;
  }
}

const notThere: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'];
