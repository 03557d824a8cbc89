import { join } from 'node:path';
import { type CapsuleId, describeError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { Journal } from '../journal/journal.ts';
import type { History } from './history.ts';
import { readHistory, writeHistory } from './history-file.ts';
import type { Usage } from './usage.ts';

/** So much is lost when the agent is killed. */
const saveEveryMs = 15_000;

interface Open {
  readonly history: Promise<History>;
  savedAtMs: number;
  /** Changed since it was written. */
  isNewer: boolean;
  saving: Promise<void> | undefined;
}

/**
 * What the capsules of this host used. That of one that runs is in memory, and in its folder every few seconds; that of
 * one that does not is in its folder alone.
 */
export class Histories {
  readonly #journal: Pick<Journal, 'directoryOf'>;
  readonly #log: Logger;
  readonly #open = new Map<CapsuleId, Open>();

  constructor(journal: Pick<Journal, 'directoryOf'>, log: Logger) {
    this.#journal = journal;
    this.#log = log;
  }

  async add(id: CapsuleId, atSec: number, usage: Usage): Promise<void> {
    const open = this.#opened(id);
    (await open.history).add(atSec, usage);
    open.isNewer = true;
  }

  /** Empty for a capsule of which nothing is known. */
  async read(id: CapsuleId): Promise<History> {
    return await (this.#open.get(id)?.history ?? readHistory(this.#pathOf(id)));
  }

  /** Writes what is due; what does not run any more goes out of the memory. Does not wait for it. */
  tidy(isRunning: (id: CapsuleId) => boolean): void {
    const due = performance.now() - saveEveryMs;
    for (const [id, open] of this.#open) {
      if (open.saving !== undefined) continue;
      if (!isRunning(id)) void this.#save(id, open).then(() => this.#close(id, open, isRunning));
      else if (open.savedAtMs <= due) void this.#save(id, open);
    }
  }

  /** Returns when all is written. */
  async save(): Promise<void> {
    await Promise.all([...this.#open].map(([id, open]) => this.#save(id, open)));
  }

  /** Before its folder is removed: nothing is written into that any more. */
  async forget(id: CapsuleId): Promise<void> {
    const open = this.#open.get(id);
    this.#open.delete(id);
    await open?.saving;
  }

  #opened(id: CapsuleId): Open {
    const known = this.#open.get(id);
    if (known !== undefined) return known;
    const history = readHistory(this.#pathOf(id));
    // Who waits for it hears of it; the next one tries again.
    history.catch(() => {
      if (this.#open.get(id) === opened) this.#open.delete(id);
    });
    const opened: Open = { history, savedAtMs: performance.now(), isNewer: false, saving: undefined };
    this.#open.set(id, opened);
    return opened;
  }

  #close(id: CapsuleId, open: Open, isRunning: (id: CapsuleId) => boolean): void {
    // It may run again, and have a newer sample.
    if (this.#open.get(id) === open && !open.isNewer && !isRunning(id)) this.#open.delete(id);
  }

  /** One at a time. Never rejects: what could not be written is tried again. */
  #save(id: CapsuleId, open: Open): Promise<void> {
    const before = open.saving ?? Promise.resolve();
    const saving = before.then(() => this.#write(id, open));
    open.saving = saving;
    return saving.finally(() => {
      if (open.saving === saving) open.saving = undefined;
    });
  }

  async #write(id: CapsuleId, open: Open): Promise<void> {
    if (!open.isNewer || this.#open.get(id) !== open) return;
    open.isNewer = false;
    open.savedAtMs = performance.now();
    try {
      await writeHistory(this.#pathOf(id), await open.history);
    } catch (thrown) {
      open.isNewer = true;
      this.#log.warn({ capsule: id, cause: describeError(thrown) }, 'writing what a capsule used');
    }
  }

  #pathOf(id: CapsuleId): string {
    return join(this.#journal.directoryOf(id), 'metrics.json');
  }
}
