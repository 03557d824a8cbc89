import { pollDescriptors, readUserfaults, type UserfaultEvent } from '@wrenn/sys';
import { type GuestPages, PageFault } from './guest-pages.ts';
import { Window } from './window.ts';
import type { Part, WorkingSet } from './working-set.ts';

/** What is placed of a working set before it is looked whether somebody waits. */
const prefetchedBytes = 256 << 10;
/** After this long without a fault what was learned is noted: soon enough for a machine that is paused meanwhile. */
const quietMs = 250;
const eventBytes = 32;
const mostEvents = 256;

export interface PageServerOptions {
  readonly userfaultfd: number;
  /** A descriptor of the VMM's process. */
  readonly vmm: number;
  readonly pages: GuestPages;
  readonly prefetch: readonly Part[];
  readonly workingSet: WorkingSet;
  /** Keeps the working set, which grew. */
  readonly note: () => void;
}

/**
 * Serves the missing pages of one machine until that has ended, and blocks its thread meanwhile. Those that somebody waits
 * for come first; between them the working set is placed. Throws PageFault when a page cannot be had.
 */
export class PageServer {
  readonly #options: PageServerOptions;
  readonly #buffer = Buffer.alloc(eventBytes * mostEvents);
  readonly #window = new Window();
  /** Faults that were read, and could not be served before events that followed on them were. */
  readonly #waiting: number[] = [];
  #prefetch: Part[];
  #isNoted = true;

  constructor(options: PageServerOptions) {
    this.#options = options;
    this.#prefetch = options.prefetch.toReversed();
  }

  serve(): void {
    const { userfaultfd, vmm } = this.#options;
    for (;;) {
      const [faults, end] = pollDescriptors([userfaultfd, vmm], this.#patience());
      if (end?.isReadable === true) break;
      if (faults?.isOver === true) throw new PageFault('the userfaultfd is in error');
      if (faults?.isReadable === true) this.#take(readUserfaults(userfaultfd, this.#buffer));
      const isServed = this.#serveWaiting();
      if (faults?.isReadable === true || !isServed) continue;
      if (this.#prefetch.length > 0) this.#prefetchSome();
      else this.#noteWhatIsNew();
    }
    this.#noteWhatIsNew();
  }

  /** For ever where there is nothing left to do. */
  #patience(): number {
    if (this.#waiting.length > 0 || this.#prefetch.length > 0) return 0;
    return this.#isNoted ? -1 : quietMs;
  }

  /** What was given back comes first: until it is read, nothing can be placed, and the guest waits for it. */
  #take(events: readonly UserfaultEvent[]): void {
    const { pages } = this.#options;
    for (const event of events) if (event.kind === 'removed') pages.remove(event.start, event.end);
    for (const event of events) {
      if (event.kind !== 'missing') continue;
      const offset = pages.missing(event.address);
      if (offset === undefined) throw new PageFault('a page is missing that is not in the memory');
      this.#waiting.push(offset);
    }
  }

  /** False where an event has to be read first. */
  #serveWaiting(): boolean {
    for (let offset = this.#waiting[0]; offset !== undefined; offset = this.#waiting[0]) {
      const part = this.#options.pages.clipped(this.#window.around(offset), offset);
      if (part === undefined) throw new PageFault(`the machine has no memory at ${offset}`);
      switch (this.#options.pages.place(part)) {
        case 'changing':
          return false;
        case 'gone':
          this.#waiting.length = 0;
          return true;
        case 'placed':
          this.#waiting.shift();
          this.#options.workingSet.add(part);
          this.#isNoted = false;
      }
    }
    return true;
  }

  #prefetchSome(): void {
    for (let placed = 0; placed < prefetchedBytes; ) {
      const part = this.#prefetch.pop();
      if (part === undefined) return;
      const clipped = this.#options.pages.clipped(part, part.offset);
      if (clipped === undefined) continue;
      // Tried again after the event that has to be read.
      if (this.#options.pages.place(clipped) === 'changing') return void this.#prefetch.push(part);
      placed += clipped.length;
    }
  }

  #noteWhatIsNew(): void {
    if (this.#isNoted) return;
    this.#isNoted = true;
    this.#options.note();
  }
}
