import type { MessageInitShape } from '@bufbuild/protobuf';
import { WrennError } from '@wrenn/core';
import type { ProcessConfig, ProcessInfoSchema, ProcessSelector } from '@wrenn/protocol/process';
import type { Ended, ManagedProcess } from './managed-process.ts';
import { OutputBudget } from './output-budget.ts';
import type { OutputLog } from './output-log.ts';

/** How long after its end a process can still be connected to. */
const rememberMs = 30_000;
/** So many at most, the latest ones: commands may come faster than they are forgotten. */
const mostRemembered = 1_000;

/** What a reader needs of a process, which may have ended. */
export interface Connectable {
  readonly pid: number;
  readonly output: OutputLog;
  readonly ended: Promise<Ended>;
}

interface Running {
  readonly process: ManagedProcess;
  /** As it was requested. */
  readonly config: ProcessConfig;
  readonly tag: string | undefined;
}

interface Remembered {
  readonly process: Connectable;
  readonly tag: string | undefined;
  /** Undefined while output is still on its way. */
  timer: NodeJS.Timeout | undefined;
}

/** The processes that run, and those that ended a moment ago, by the IDs and tags that clients know them by. */
export class ProcessTable {
  readonly outputBudget = new OutputBudget();
  readonly #running = new Map<number, Running>();
  /** In the order of their ends. */
  readonly #remembered = new Map<number, Remembered>();

  /** Holds it until it exits, and for connections until 30 s after its end. */
  add(process: ManagedProcess, config: ProcessConfig, tag: string | undefined): void {
    const { pid, output, ended } = process;
    const entry = { process, config, tag };
    // An earlier process had this ID.
    this.#forget(pid);
    this.#running.set(pid, entry);
    void process.exited.then(() => {
      // The kernel may have given the ID to a new process by now.
      if (this.#running.get(pid) !== entry) return output.forget();
      this.#running.delete(pid);
      this.#remember({ process: { pid, output, ended }, tag, timer: undefined });
    });
  }

  /**
   * One that runs; of several with one tag, the latest. Throws `invalid_request` without a selector, `not_found` for
   * nobody's.
   */
  select(selector: ProcessSelector | undefined): ManagedProcess {
    const found = findIn(this.#running, selector);
    if (found === undefined) throw nobodys(selector);
    return found.process;
  }

  /** The same, or else one that has ended and is remembered. */
  selectForReading(selector: ProcessSelector | undefined): Connectable {
    const found = findIn(this.#running, selector) ?? findIn(this.#remembered, selector);
    if (found === undefined) throw nobodys(selector);
    return found.process;
  }

  list(): MessageInitShape<typeof ProcessInfoSchema>[] {
    return [...this.#running.values()].map(({ process, config, tag }) => ({
      pid: process.pid,
      config,
      ...(tag === undefined ? {} : { tag }),
    }));
  }

  killAll(): void {
    for (const { process } of this.#running.values()) process.killGroup();
  }

  #remember(entry: Remembered): void {
    const { pid, ended } = entry.process;
    this.#remembered.set(pid, entry);
    if (this.#remembered.size > mostRemembered) {
      for (const oldest of this.#remembered.keys()) {
        this.#forget(oldest);
        break;
      }
    }
    void ended.then(() => {
      if (this.#remembered.get(pid) !== entry) return;
      entry.timer = setTimeout(() => this.#forget(pid), rememberMs);
    });
  }

  #forget(pid: number): void {
    const entry = this.#remembered.get(pid);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.#remembered.delete(pid);
    entry.process.output.forget();
  }
}

/** Of several with one tag, the latest. Throws `invalid_request` without a selector. */
function findIn<T extends { readonly tag: string | undefined }>(
  entries: ReadonlyMap<number, T>,
  selector: ProcessSelector | undefined,
): T | undefined {
  const by = selector?.selector;
  if (by?.case === undefined) {
    throw new WrennError('invalid_request', 'no process is named', {
      field: 'process',
      remedy: 'give process.pid or process.tag',
    });
  }
  return by.case === 'pid'
    ? entries.get(by.value)
    : [...entries.values()].findLast((entry) => entry.tag === by.value);
}

function nobodys(selector: ProcessSelector | undefined): WrennError {
  const by = selector?.selector;
  return new WrennError('not_found', `no process with ${by?.case} ${by?.value} runs`);
}
