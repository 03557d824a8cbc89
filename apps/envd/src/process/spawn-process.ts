import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import { openPipe, type PipeEnds, withGroupsForChild } from '@wrenn/sys';
import type { Account } from '../users/accounts.ts';
import type { Outcome } from './outcome.ts';

export interface ProcessSpec {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly account: Account;
  /** `null`: reads are at an end at once. */
  readonly stdin: 'pipe' | 'null';
}

export type Spawned =
  | {
      readonly kind: 'running';
      readonly child: ChildProcess;
      readonly pid: number;
      /** Descriptors that the caller now owns: ours ends of the pipes. */
      readonly stdin: number | undefined;
      readonly stdout: number;
      readonly stderr: number;
    }
  | { readonly kind: 'refused'; readonly outcome: Outcome };

/**
 * Starts a program as its user, in a session of its own, with real pipes. The C library's execvp() looks it up along
 * the PATH of its own environment from its own folder, in the child, with the user's rights.
 *
 * A command that does not exist or cannot be executed is an outcome. Throws `rate_limited` when the machine has no
 * process, descriptor or memory left, and `forbidden` when this daemon cannot become that user.
 */
export async function spawnProcess(spec: ProcessSpec): Promise<Spawned> {
  const pipes: PipeEnds[] = [];
  const pipe = () => {
    const ends = openPipe();
    pipes.push(ends);
    return ends;
  };
  try {
    const stdin = spec.stdin === 'pipe' ? pipe() : undefined;
    const stdout = pipe();
    const stderr = pipe();
    const child = spawnAs(spec, [stdin?.read ?? 'ignore', stdout.write, stderr.write]);
    // 'error' comes in a later tick, and must find a listener.
    if (child.pid === undefined) await once(child, 'spawn');
    const pid = child.pid;
    if (pid === undefined) throw new WrennError('internal_error', `${spec.cmd} has no process ID`);
    for (const fd of [stdin?.read, stdout.write, stderr.write]) if (fd !== undefined) closeSync(fd);
    return { kind: 'running', child, pid, stdin: stdin?.write, stdout: stdout.read, stderr: stderr.read };
  } catch (thrown) {
    for (const { read, write } of pipes) {
      closeSync(read);
      closeSync(write);
    }
    const outcome = outcomeOf(spec.cmd, thrown);
    if (outcome === undefined) throw spawnFault(spec.cmd, thrown);
    return { kind: 'refused', outcome };
  }
}

function spawnAs({ cmd, args, env, cwd, account }: ProcessSpec, stdio: SpawnOptions['stdio']): ChildProcess {
  const options: SpawnOptions = { env, cwd, stdio, detached: true };
  if (account.uid === process.geteuid?.()) return spawn(cmd, args, options);
  if (process.geteuid?.() !== 0) {
    throw new WrennError('forbidden', `only root can start a process as ${account.name}`);
  }
  return withGroupsForChild(account, () =>
    spawn(cmd, args, { ...options, uid: account.uid, gid: account.gid }),
  );
}

/** What execvp() said of the command itself. The working directory was checked before. */
function outcomeOf(cmd: string, thrown: unknown): Outcome | undefined {
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

const exhausted: readonly (string | undefined)[] = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'];

function spawnFault(cmd: string, thrown: unknown): WrennError {
  const code = systemCode(thrown);
  if (exhausted.includes(code)) {
    return new WrennError('rate_limited', `starting ${cmd}: the capsule has no resources left (${code})`, {
      cause: thrown,
      remedy: 'end some of its processes, or give it more memory',
    });
  }
  return WrennError.from(thrown, `starting ${cmd}`);
}
