import { closeSync, read } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemCode } from '@wrenn/core';
import {
  addInotifyWatch,
  type InotifyEvent,
  inotifyBits,
  openInotify,
  parseInotifyEvents,
  removeInotifyWatch,
  unreadInotifyBytes,
} from '@wrenn/sys';

/** What happens in one watched directory. Called in turn, must not throw. */
export type Listener = (event: InotifyEvent) => void;

/** Whoever has watches here. None of these may throw. */
export interface Subscriber {
  /** The kernel dropped events that may have been this one's. */
  overflowed(): void;
  /** Settles when what the events so far set going is done; only then are more events read. */
  settled(): Promise<void>;
  /** Every event that happened before now has been told. */
  caughtUp(): void;
  /** Nothing more will be told. */
  failed(fault: unknown): void;
}

const { create, modify, attributes, movedFrom, movedTo, ...bits } = inotifyBits;
const wanted =
  create |
  modify |
  attributes |
  movedFrom |
  movedTo |
  bits.delete |
  bits.deleteSelf |
  bits.moveSelf |
  bits.onlyDirectory |
  bits.excludeUnlinked;

const bufferBytes = 64 * 1024;
/** Terminals share the event loop: they get their turn this often while events are told. */
const turnMs = 5;
const readInto = promisify(read);

/**
 * The daemon's one inotify descriptor, open while anything is watched. A read that blocks is always under way then, on
 * a thread of libuv's pool: the kernel's answer to the removal of the last watch wakes it.
 */
export class InotifyReader {
  readonly #subscribers = new Set<Subscriber>();
  /** By watch number: the kernel has one watch for a directory, however many want it. */
  readonly #listeners = new Map<number, Set<Listener>>();
  #fd: number | undefined;

  /**
   * Watches the directory at `path`, and returns the number that `unwatch` takes. Throws SystemCallError: ENOSPC when
   * there are too many watches.
   */
  watch(path: string, listener: Listener): number {
    const fd = this.#fd ?? openInotify();
    try {
      const watch = addInotifyWatch(fd, path, wanted);
      const listeners = this.#listeners.get(watch);
      if (listeners === undefined) this.#listeners.set(watch, new Set([listener]));
      else listeners.add(listener);
      if (this.#fd === undefined) this.#begin(fd);
      return watch;
    } catch (thrown) {
      if (this.#fd === undefined) closeSync(fd);
      throw thrown;
    }
  }

  /** Nothing happens when the directory, and with it the watch, is gone. */
  unwatch(watch: number, listener: Listener): void {
    const listeners = this.#listeners.get(watch);
    if (listeners === undefined || !listeners.delete(listener) || listeners.size > 0) return;
    this.#remove(watch);
  }

  subscribe(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  #begin(fd: number): void {
    this.#fd = fd;
    // The end of a process waits for the threads of the pool, and one would be in a read that nothing ends.
    process.once('exit', this.#removeAll);
    void this.#run(fd);
  }

  #remove(watch: number): void {
    this.#listeners.delete(watch);
    if (this.#fd === undefined) return;
    try {
      removeInotifyWatch(this.#fd, watch);
    } catch (thrown) {
      // The directory was deleted, and its last event waits to be read.
      if (systemCode(thrown) !== 'EINVAL') throw thrown;
    }
  }

  readonly #removeAll = (): void => {
    for (const watch of [...this.#listeners.keys()]) this.#remove(watch);
  };

  async #run(fd: number): Promise<void> {
    const buffer = Buffer.allocUnsafe(bufferBytes);
    try {
      do {
        const { bytesRead } = await readInto(fd, buffer, 0, bufferBytes, null);
        await this.#tell(buffer.subarray(0, bytesRead));
        await Promise.all([...this.#subscribers].map((subscriber) => subscriber.settled()));
        if (unreadInotifyBytes(fd) === 0) for (const one of this.#subscribers) one.caughtUp();
      } while (this.#listeners.size > 0);
    } catch (fault) {
      for (const subscriber of this.#subscribers) subscriber.failed(fault);
      this.#listeners.clear();
    } finally {
      process.off('exit', this.#removeAll);
      this.#fd = undefined;
      closeSync(fd);
    }
  }

  async #tell(bytes: Buffer): Promise<void> {
    let turnEnd = performance.now() + turnMs;
    for (const event of parseInotifyEvents(bytes)) {
      if (event.bits & inotifyBits.overflow) for (const one of this.#subscribers) one.overflowed();
      for (const listener of this.#listeners.get(event.watch) ?? []) listener(event);
      if (event.bits & inotifyBits.ignored) this.#listeners.delete(event.watch);
      if (performance.now() < turnEnd) continue;
      await nextTurn();
      turnEnd = performance.now() + turnMs;
    }
  }
}
