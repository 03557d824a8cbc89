import { type ChildProcess, spawn } from 'node:child_process';
import { systemCode } from '@wrenn/core';
import type { Workload } from '../workload/workload.ts';
import type { Target } from './forwarding-plan.ts';
import { isGroupAlive, signalGroup } from './process-group.ts';

/**
 * For one direction of a connection to go on after the other has ended: longer than any answer takes. When both ends
 * have closed nothing waits.
 */
const halfCloseSeconds = 24 * 60 * 60;
/** Connections of one port at a time, each a process. The next ones wait in the backlog. */
const connectionLimit = 512;
export const backlog = 1024;
const bufferBytes = 64 * 1024;

export interface SocatOrder {
  /** The words that start socat. */
  readonly command: readonly string[];
  /** The address to listen at. */
  readonly address: string;
  readonly port: number;
  readonly target: Target;
}

/** How it ended: as a process, or without having been one. */
export type SocatEnd =
  | { readonly kind: 'exited' }
  | { readonly kind: 'not-started'; readonly fault: Error; readonly isMissing: boolean };

/**
 * One socat that takes connections, and its children, each of which carries one. They are a process group: the one that
 * listens can be ended alone, so that the connections come to their own end, or all of them together.
 */
export class Socat {
  /** Settles when the one that listens has ended, which closes its port. */
  readonly ended: Promise<SocatEnd>;
  readonly #child: ChildProcess;
  #isListening = true;

  constructor(order: SocatOrder, workload: Workload) {
    const [program = '', ...args] = [...order.command, ...argumentsOf(order)];
    this.#child = workload.start(() =>
      spawn(program, args, { stdio: 'ignore', detached: true, env: {}, cwd: '/' }),
    );
    const { pid } = this.#child;
    const placement = pid === undefined ? undefined : workload.adopt(pid, 'forwarder');
    this.ended = endOf(this.#child).finally(() => {
      this.#isListening = false;
      placement?.release();
    });
  }

  /** Takes no more connections; those that there are go on. */
  close(): void {
    this.#child.kill('SIGKILL');
  }

  /** Ends everything of it. */
  kill(): void {
    const { pid } = this.#child;
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
  }

  /** Whether there is a process of it. Once there is none, its group's number may become another's. */
  get isThere(): boolean {
    const { pid } = this.#child;
    return this.#isListening || (pid !== undefined && signalGroup(pid, 0));
  }

  /** Whether one of its processes runs. */
  get isAlive(): boolean {
    const { pid } = this.#child;
    return this.#isListening || (pid !== undefined && isGroupAlive(pid));
  }
}

function argumentsOf({ address, port, target }: SocatOrder): string[] {
  const listen = `TCP4-LISTEN:${port},bind=${address},reuseaddr,reuseport,fork,backlog=${backlog},max-children=${connectionLimit}`;
  // Small answers are not held back to be sent with more; a peer that is gone is noticed in the end.
  const socket = 'nodelay,keepalive';
  return [
    ...['-t', String(halfCloseSeconds), '-b', String(bufferBytes)],
    `${listen},${socket}`,
    `TCP${target.family}:${target.address}:${port},${socket}`,
  ];
}

function endOf(child: ChildProcess): Promise<SocatEnd> {
  const { promise, resolve } = Promise.withResolvers<SocatEnd>();
  child.once('exit', () => resolve({ kind: 'exited' }));
  child.on('error', (fault) => {
    // Of a kill that failed too, which is no end.
    if (child.pid !== undefined) return;
    resolve({ kind: 'not-started', fault, isMissing: systemCode(fault) === 'ENOENT' });
  });
  return promise;
}
