import type { ControlGroup } from './control-group.ts';

/** How many that nobody is in are kept for the next processes. */
const mostReady = 8;
/** How many of those that were left with processes in them are looked at, each time that one is taken or given. */
const looksAtOnce = 2;

/** What an earlier process may have left charged to a group (files in memory, the cache of others) when it is used again. */
const mostResidueBytes = 32 * 1024 * 1024;

/**
 * The groups of single processes. They are used again: making one costs more than all else that a command's start
 * does for its place, and one that was removed stays in the kernel as long as a page of a file is charged to it.
 */
export class Leaves {
  readonly #make: (name: string) => ControlGroup;
  readonly #ready: ControlGroup[] = [];
  /** Given back while processes that their owner left behind live in them. */
  #occupied: ControlGroup[] = [];
  #made = 0;

  /** `make` makes a group of this name, with its limits. */
  constructor(make: (name: string) => ControlGroup) {
    this.#make = make;
    this.#ready.push(this.#next());
  }

  /** An empty group. */
  take(): ControlGroup {
    this.#removeDeserted();
    return this.#ready.pop() ?? this.#next();
  }

  /** Takes one back. True when it was empty: it is another process's from now on. */
  giveBack(leaf: ControlGroup): boolean {
    this.#removeDeserted();
    if (leaf.members().length > 0) {
      leaf.close();
      this.#occupied.push(leaf);
      return false;
    }
    if (this.#ready.length < mostReady && (leaf.memoryBytes ?? 0) <= mostResidueBytes) this.#ready.push(leaf);
    else this.drop(leaf);
    return true;
  }

  /** Removes one, now or when the last process in it has ended. */
  drop(leaf: ControlGroup): void {
    if (!leaf.remove()) this.#occupied.push(leaf);
  }

  /** Drops those that nobody uses. */
  forget(): void {
    for (const leaf of this.#ready.splice(0)) this.drop(leaf);
  }

  #next(): ControlGroup {
    this.#made += 1;
    return this.#make(String(this.#made));
  }

  #removeDeserted(): void {
    const looked = this.#occupied.slice(0, looksAtOnce);
    if (looked.length === 0) return;
    const kept = looked.filter((leaf) => !leaf.remove());
    this.#occupied = [...this.#occupied.slice(looked.length), ...kept];
  }
}
