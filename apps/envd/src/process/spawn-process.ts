import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemCode, WrennError } from '@wrenn/core';
import { watchEndingSignal, withGroupsForChild } from '@wrenn/sys';
import type { Account } from '../users/accounts.ts';
import { isOurs } from '../users/as-user.ts';
import type { Workload } from '../workload/workload.ts';
import { findProgram } from './find-program.ts';
import type { Outcome } from './outcome.ts';
import { type OpenStdio, type OurEnds, openStdio, type StdioSpec } from './stdio.ts';

export interface ProcessSpec {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly account: Account;
  readonly stdio: StdioSpec;
}

export type Spawned =
  | {
      readonly kind: 'running';
      readonly child: ChildProcess;
      readonly pid: number;
      readonly ends: OurEnds;
      /** For a listener of 'exit': the number of the signal that ended it, or 0. Node does not know all of them. */
      readonly endingSignal: () => number;
    }
  | { readonly kind: 'refused'; readonly outcome: Outcome };

/**
 * Starts a program as its user, in a session of its own, with real pipes or a terminal. The C library's execvp() looks
 * it up along the PATH of its own environment from its own folder, in the child, with the user's rights.
 *
 * `terminalLauncher` are words that run a program in a session of its own with its standard input as its controlling
 * terminal: neither Node nor posix_spawn() can. It becomes the program, so the process ID stays.
 *
 * A command that does not exist or cannot be executed is an outcome; of the latter the launcher says so in the terminal
 * and ends with the same code. Throws `rate_limited` when the machine has no process, descriptor, terminal or memory left, and
 * `forbidden` when this daemon cannot become that user.
 */
export async function spawnProcess(
  spec: ProcessSpec,
  {
    terminalLauncher,
    workload,
  }: { readonly terminalLauncher: readonly string[]; readonly workload: Workload },
): Promise<Spawned> {
  const start = startOf(spec, terminalLauncher);
  if (start === undefined) return { kind: 'refused', outcome: { kind: 'not-found', cmd: spec.cmd } };
  let stdio: OpenStdio | undefined;
  try {
    stdio = openStdio(spec.stdio, spec.account);
    const { childs } = stdio;
    const child = workload.start(() => spawnAs(spec, [...start, ...spec.args], childs));
    // 'error' comes in a later tick, and must find a listener.
    if (child.pid === undefined) await once(child, 'spawn');
    const pid = child.pid;
    if (pid === undefined) throw new WrennError('internal_error', `${spec.cmd} has no process ID`);
    const endingSignal = watchEndingSignal(pid);
    stdio.closeChilds();
    return { kind: 'running', child, pid, ends: stdio.ours, endingSignal };
  } catch (thrown) {
    stdio?.closeOurs();
    stdio?.closeChilds();
    const outcome = outcomeOf(spec, thrown);
    if (outcome === undefined) throw spawnFault(spec.cmd, thrown);
    return { kind: 'refused', outcome };
  }
}

/**
 * The words before the arguments. A launcher gets the program by its path: busybox would run a program of its own of
 * this name. Undefined when there is no such program.
 */
function startOf(spec: ProcessSpec, terminalLauncher: readonly string[]): readonly string[] | undefined {
  if (spec.stdio.kind === 'pipes') return [spec.cmd];
  const program = findProgram(spec);
  return program === undefined ? undefined : [...terminalLauncher, program];
}

function spawnAs(
  { env, cwd, account, stdio }: ProcessSpec,
  [program = '', ...args]: readonly string[],
  childs: OpenStdio['childs'],
): ChildProcess {
  // The launcher makes the session, and would have to fork if it led a group already.
  const options: SpawnOptions = { env, cwd, stdio: [...childs], detached: stdio.kind === 'pipes' };
  if (isOurs(account)) return spawn(program, args, options);
  if (process.geteuid?.() !== 0) {
    throw new WrennError('forbidden', `only root can start a process as ${account.name}`);
  }
  return withGroupsForChild(account, () =>
    spawn(program, args, { ...options, uid: asSigned(account.uid), gid: asSigned(account.gid) }),
  );
}

/** Node takes 32 bits with a sign, and hands them to the kernel, which sees none. */
function asSigned(id: number): number {
  return id | 0;
}

/** What execvp() said of the command itself. The working directory was checked before. */
function outcomeOf({ cmd, stdio }: ProcessSpec, thrown: unknown): Outcome | undefined {
  // It speaks of the launcher.
  if (stdio.kind === 'terminal') return undefined;
  const code = systemCode(thrown);
  if (code === 'ENOENT') return { kind: 'not-found', cmd };
  const reason = code === undefined ? undefined : notExecutable[code];
  return reason === undefined ? undefined : { kind: 'not-executable', cmd, reason };
}

const notExecutable: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENOEXEC: 'exec format error',
  ELIBBAD: 'exec format error',
  ETXTBSY: 'text file busy',
  E2BIG: 'argument list too long',
};

/** The last is what /dev/ptmx says. */
const exhausted: readonly (string | undefined)[] = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ENOSPC'];

function spawnFault(cmd: string, thrown: unknown): WrennError {
  const code = systemCode(thrown);
  if (exhausted.includes(code)) {
    return new WrennError('rate_limited', `starting ${cmd}: the capsule has no resources left (${code})`, {
      cause: thrown,
      remedy: 'end some of its processes, or give it more memory',
    });
  }
  if (code === 'ENOENT') {
    return new WrennError('missing_prerequisite', `starting ${cmd}: the capsule has no terminals`, {
      cause: thrown,
      remedy: 'terminals need /dev/ptmx, and setsid of util-linux or busybox',
    });
  }
  if (code === 'E2BIG') {
    return new WrennError('invalid_request', `starting ${cmd}: argument list too long`, {
      field: 'process.args',
    });
  }
  return WrennError.from(thrown, `starting ${cmd}`);
}
