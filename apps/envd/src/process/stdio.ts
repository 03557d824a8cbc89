import { closeSync, fchmodSync, fchownSync, fstatSync } from 'node:fs';
import { openPipe, openTerminal, type TerminalSize } from '@wrenn/sys';
import type { Account } from '../users/accounts.ts';

/** What a process is to get as standard input, output and error. */
export type StdioSpec =
  | {
      readonly kind: 'pipes';
      /** `null`: reads are at an end at once. */
      readonly stdin: 'pipe' | 'null';
    }
  | { readonly kind: 'terminal'; readonly size: TerminalSize };

/** Our ends of it: descriptors that whoever holds this owns. */
export type OurEnds =
  | {
      readonly kind: 'pipes';
      readonly stdin: number | undefined;
      readonly stdout: number;
      readonly stderr: number;
    }
  | { readonly kind: 'terminal'; readonly master: number; readonly size: TerminalSize };

export interface OpenStdio {
  readonly ours: OurEnds;
  /** Standard input, output and error for spawn(). */
  readonly childs: readonly (number | 'ignore')[];
  closeOurs(): void;
  closeChilds(): void;
}

/** What mesg(1) calls yes: others of the terminals' group may write to it. */
const terminalMode = 0o620;

/**
 * Opens what a process of `account` reads and writes. Throws the system's error, with nothing left open.
 */
export function openStdio(spec: StdioSpec, account: Account): OpenStdio {
  return spec.kind === 'terminal' ? terminalFor(account, spec.size) : pipes(spec.stdin);
}

function pipes(stdin: 'pipe' | 'null'): OpenStdio {
  const opened: number[] = [];
  const pipe = () => {
    const ends = openPipe();
    opened.push(ends.read, ends.write);
    return ends;
  };
  try {
    const [input, output, errors] = [stdin === 'pipe' ? pipe() : undefined, pipe(), pipe()];
    return {
      ours: { kind: 'pipes', stdin: input?.write, stdout: output.read, stderr: errors.read },
      childs: [input?.read ?? 'ignore', output.write, errors.write],
      closeOurs: () => closeAll([input?.write, output.read, errors.read]),
      closeChilds: () => closeAll([input?.read, output.write, errors.write]),
    };
  } catch (thrown) {
    closeAll(opened);
    throw thrown;
  }
}

function terminalFor({ uid }: Account, size: TerminalSize): OpenStdio {
  const { master, slave } = openTerminal(size);
  try {
    // The group is the one that the file system of terminals gives them.
    const { uid: owner, gid } = fstatSync(slave);
    if (owner !== uid) fchownSync(slave, uid, gid);
    fchmodSync(slave, terminalMode);
  } catch (thrown) {
    closeAll([master, slave]);
    throw thrown;
  }
  return {
    ours: { kind: 'terminal', master, size },
    childs: [slave, slave, slave],
    closeOurs: () => closeSync(master),
    closeChilds: () => closeSync(slave),
  };
}

function closeAll(descriptors: readonly (number | undefined)[]): void {
  for (const fd of descriptors) if (fd !== undefined) closeSync(fd);
}
