import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, systemCode } from '@wrenn/core';
import type { Logger } from '@wrenn/service';

/** The file that says how much of the processors a machine gets when others want them too. */
export interface CpuShareFile {
  readonly path: string;
  /** The kernel's own default. */
  readonly usual: number;
}

/** So many times the usual share while somebody types. A hundred times was measured too, and made little difference. */
const typedTimes = 8;
/** After the last key: longer than a person who types pauses, and than any echo takes. */
const quietMs = 1_000;

export function cpuShareFile(version: 1 | 2, directory: string): CpuShareFile {
  return version === 2
    ? { path: join(directory, 'cpu.weight'), usual: 100 }
    : { path: join(directory, 'cpu.shares'), usual: 1024 };
}

/**
 * The share of one machine, which is larger while somebody types into it. Its limit stays what it is: it takes nothing
 * that it could not take on a host that is otherwise idle.
 */
export class CpuShare {
  readonly #file: CpuShareFile;
  readonly #log: Logger;
  #quiet: NodeJS.Timeout | undefined;

  constructor(file: CpuShareFile, log: Logger) {
    this.#file = file;
    this.#log = log;
  }

  typed(): void {
    if (this.#quiet !== undefined) {
      this.#quiet.refresh();
      return;
    }
    // It ends by itself, and holds no process up.
    this.#quiet = setTimeout(() => {
      this.#quiet = undefined;
      this.reset();
    }, quietMs).unref();
    this.#set(this.#file.usual * typedTimes);
  }

  /** To the usual one, whatever it was. */
  reset(): void {
    this.#set(this.#file.usual);
  }

  /** The kernel answers at once; of two writes that wait for a thread the older might come last, and the share stay large. */
  #set(share: number): void {
    try {
      writeFileSync(this.#file.path, String(share), { flag: 'r+' });
    } catch (thrown) {
      // The machine has ended meanwhile.
      if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ENODEV') return;
      this.#log.warn(
        { file: this.#file.path, cause: describeError(thrown) },
        'the share of a machine was not set',
      );
    }
  }
}
