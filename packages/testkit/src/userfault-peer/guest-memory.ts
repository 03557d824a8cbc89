import { closeSync, openSync } from 'node:fs';
import { type MemoryMapping, mapAnonymous, mapFile, openUserfaultfd, registerMissing } from '@wrenn/sys';
import { handOver, type OddHandover } from './handover.ts';
import type { GuestRegion, MemoryTask, Touched, Touching } from './memory-task.ts';
import { MemoryThread } from './memory-thread.ts';

export interface MemoryOptions {
  /** The program of its threads, where this one was bundled away from it. */
  readonly threadProgram?: URL;
}

export interface HandoverOptions extends MemoryOptions {
  /** Started before it is handed over; 2 where nothing is said. */
  readonly threads?: number;
  /** Runs when all is ready but the connection: to become another user, for example. */
  readonly beforeConnect?: () => void;
  readonly odd?: OddHandover;
}

/**
 * Memory of a guest as a VMM has it: real mappings, one for each region, whose addresses do not follow from each other.
 * `lengths` are those of the regions, in bytes of whole pages, one behind the other in the guest's memory.
 *
 * Everything that touches memory happens on threads, since whoever touches a page that is missing waits for a page
 * server, and is deaf meanwhile. Where the server is gone they wait for good: then only SIGKILL ends the process.
 */
export class GuestMemory implements AsyncDisposable {
  readonly regions: readonly GuestRegion[];
  readonly length: number;
  readonly #mappings: readonly MemoryMapping[];
  readonly #program: URL;
  /** The first does what is asked for piece by piece, the others touch all. */
  readonly #threads: Promise<MemoryThread>[] = [];
  readonly #touching = new Set<Promise<MemoryThread>>();
  readonly #descriptors: number[] = [];

  private constructor(mappings: readonly MemoryMapping[], { threadProgram }: MemoryOptions) {
    this.#mappings = mappings;
    this.#program = threadProgram ?? new URL('./memory-worker.ts', import.meta.url);
    let offset = 0;
    this.regions = mappings.map(({ address, length }) => {
      const region = { address, offset, length };
      offset += length;
      return region;
    });
    this.length = offset;
  }

  /** Zeros, as a guest boots with. */
  static anonymous(lengths: readonly number[], options: MemoryOptions = {}): GuestMemory {
    return new GuestMemory(lengths.map(mapAnonymous), options);
  }

  /** A file of at least that length, mapped privately: it is never written. */
  static ofFile(path: string, lengths: readonly number[], options: MemoryOptions = {}): GuestMemory {
    const fd = openSync(path, 'r');
    try {
      let offset = 0;
      const mappings = lengths.map((length) => {
        const mapping = mapFile(fd, length, { offset, access: 'read-write', sharing: 'private' });
        offset += length;
        return mapping;
      });
      return new GuestMemory(mappings, options);
    } finally {
      closeSync(fd);
    }
  }

  /** Missing memory that a page server which listens at `socketPath` gets to fill. Throws SystemCallError. */
  static async handedOver(
    lengths: readonly number[],
    socketPath: string,
    { beforeConnect, odd, threads = 2, ...options }: HandoverOptions = {},
  ): Promise<GuestMemory> {
    const memory = GuestMemory.anonymous(lengths, options);
    try {
      const userfaultfd = openUserfaultfd(['event_remove']);
      memory.#descriptors.push(userfaultfd);
      for (const { address, length } of memory.regions) registerMissing(userfaultfd, address, BigInt(length));
      // Their code may not be there for whom it becomes.
      await Promise.all(Array.from({ length: threads }, (_, index) => memory.#thread(index)));
      beforeConnect?.();
      memory.#descriptors.push(handOver(socketPath, memory.regions, userfaultfd, odd));
      return memory;
    } catch (thrown) {
      await memory[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return Buffer.from(await this.#run<Uint8Array>({ do: 'read', offset, length }));
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#run({ do: 'write', offset, bytes });
  }

  /** Gives whole pages back to the host, as a balloon does. Of a page server it is the only thing that waits besides faults. */
  remove(offset: number, length: number): Promise<void> {
    return this.#run({ do: 'remove', offset, length });
  }

  /** SHA-256 of all, in hexadecimal. */
  sum(): Promise<string> {
    return this.#run({ do: 'sum' });
  }

  /** Writes all of it to a file. */
  save(path: string): Promise<void> {
    return this.#run({ do: 'save', path });
  }

  /** Each thread touches every page; the random order is another one for each. Returns how long it took, in ms. */
  async touchAll({ threads = 1, ...touching }: TouchAll): Promise<number> {
    const { mode, order = 'ascending', seed = 1, every = 1 } = touching;
    const taken = this.#idleThreads(threads);
    for (const each of taken) this.#touching.add(each);
    const all = await Promise.all(taken);
    const times = await Promise.all(
      all.map((thread, index) =>
        thread.run<Touched>({ do: 'touch', mode, order, seed: seed + index, every }),
      ),
    );
    for (const each of taken) this.#touching.delete(each);
    const [began, ended] = [times.map(({ beganNs }) => beganNs), times.map(({ endedNs }) => endedNs)];
    return Number(latest(ended) - earliest(began)) / 1e6;
  }

  /** Ends its threads, which must not wait for a page, and closes what was handed over. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const thread of this.#threads) await (await thread).end();
    for (const mapping of this.#mappings) mapping[Symbol.dispose]();
    for (const fd of this.#descriptors.splice(0)) closeSync(fd);
  }

  async #run<T>(task: MemoryTask): Promise<T> {
    return await (await this.#thread(0)).run<T>(task);
  }

  #idleThreads(count: number): Promise<MemoryThread>[] {
    const idle: Promise<MemoryThread>[] = [];
    for (let index = 1; idle.length < count; index++) {
      const thread = this.#thread(index);
      if (!this.#touching.has(thread)) idle.push(thread);
    }
    return idle;
  }

  #thread(index: number): Promise<MemoryThread> {
    this.#threads[index] ??= MemoryThread.start(this.#program, this.regions);
    return this.#threads[index];
  }
}

export interface TouchAll extends Pick<Touching, 'mode'>, Partial<Omit<Touching, 'mode'>> {
  /** One when it is not given. */
  readonly threads?: number;
}

function earliest(times: readonly bigint[]): bigint {
  return times.reduce((least, each) => (each < least ? each : least));
}

function latest(times: readonly bigint[]): bigint {
  return times.reduce((most, each) => (each > most ? each : most));
}
