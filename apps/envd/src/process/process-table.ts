import type { MessageInitShape } from '@bufbuild/protobuf';
import { WrennError } from '@wrenn/core';
import type { ProcessConfig, ProcessInfoSchema, ProcessSelector } from '@wrenn/protocol/process';
import type { ManagedProcess } from './managed-process.ts';

interface Entry {
  readonly process: ManagedProcess;
  /** As it was requested. */
  readonly config: ProcessConfig;
  readonly tag: string | undefined;
}

/** The processes that run, by the IDs and tags that clients know them by. */
export class ProcessTable {
  readonly #entries = new Map<number, Entry>();

  /** Holds it until it exits. */
  add(process: ManagedProcess, config: ProcessConfig, tag: string | undefined): void {
    const entry = { process, config, tag };
    this.#entries.set(process.pid, entry);
    void process.exited.then(() => {
      // The kernel may have given the ID to a new process by now.
      if (this.#entries.get(process.pid) === entry) this.#entries.delete(process.pid);
    });
  }

  /** Of several with one tag, the latest. Throws `invalid_request` without a selector, `not_found` for nobody's. */
  select(selector: ProcessSelector | undefined): ManagedProcess {
    const by = selector?.selector;
    if (by?.case === undefined) {
      throw new WrennError('invalid_request', 'no process is named', {
        field: 'process',
        remedy: 'give process.pid or process.tag',
      });
    }
    const found =
      by.case === 'pid'
        ? this.#entries.get(by.value)
        : [...this.#entries.values()].findLast((entry) => entry.tag === by.value);
    if (found === undefined) throw new WrennError('not_found', `no process with ${by.case} ${by.value} runs`);
    return found.process;
  }

  list(): MessageInitShape<typeof ProcessInfoSchema>[] {
    return [...this.#entries.values()].map(({ process, config, tag }) => ({
      pid: process.pid,
      config,
      ...(tag === undefined ? {} : { tag }),
    }));
  }

  killAll(): void {
    for (const { process } of this.#entries.values()) process.killGroup();
  }
}
