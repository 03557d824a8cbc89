import { WrennError } from '@wrenn/core';
import type { TerminalSize } from '@wrenn/sys';
import type { OutputBudget } from './output-budget.ts';

export type OutputStream = 'stdout' | 'stderr' | 'pty';

/** A piece of output as one event carries it. Numbers count over all streams of a process, from 1. */
export interface Frame {
  readonly kind: 'frame';
  readonly number: number;
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** Frames that a reader wanted and that are not kept any more. */
export interface Gap {
  readonly kind: 'gap';
  readonly first: number;
  readonly last: number;
}

/** What comes after it is for a terminal of this size. */
export interface Resized {
  readonly kind: 'size';
  readonly size: TerminalSize;
}

/** What a log fills from, and holds up while all of its readers are behind. */
export interface OutputSource {
  pause(): void;
  resume(): void;
}

/** The largest frame of each stream. */
export const frameBytes: Readonly<Record<OutputStream, number>> = {
  stdout: 32 * 1024,
  stderr: 32 * 1024,
  pty: 16 * 1024,
};
/** The last this much is kept, read or not. */
export const windowBytes = 1024 * 1024;
/** What a frame costs besides its bytes: a program that writes single bytes must not fill the memory. */
export const frameOverheadBytes = 512;

/**
 * The output of one process: numbered frames in the order they were read from its pipes, the last of them kept, and
 * any number of readers, each at its own place.
 *
 * The reader that is furthest on sets the pace: when even that one has the budget's high water mark waiting, the
 * sources pause, the pipes fill, and the process itself waits. One that falls out of the window behind it gets a gap.
 * So nothing is lost to a single reader, and without readers the process runs freely.
 */
export class OutputLog {
  readonly #budget: OutputBudget;
  readonly #sources: OutputSource[] = [];
  readonly #readers = new Set<OutputReader>();
  readonly #frames: Frame[] = [];
  #nextNumber = 1;
  #keptBytes = 0;
  /** The cost of all frames so far: the place of a reader that waits for the next one. */
  #endOffset = 0;
  #flow: 'running' | 'held up' = 'running';
  #state: 'open' | 'ended' | 'forgotten' = 'open';
  #size: TerminalSize | undefined;

  constructor(budget: OutputBudget) {
    this.#budget = budget;
  }

  addSource(source: OutputSource): void {
    this.#sources.push(source);
  }

  /** What is kept, with the cost of each frame. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** The number that the next frame will have. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  get firstKeptNumber(): number {
    return this.#nextNumber - this.#frames.length;
  }

  /** The place of the first kept frame. */
  get startOffset(): number {
    return this.#endOffset - this.#keptBytes;
  }

  /** The sources are paused until a reader has caught up. */
  get isHoldingUp(): boolean {
    return this.#flow === 'held up';
  }

  /** No more output will come. */
  get isEnded(): boolean {
    return this.#state !== 'open';
  }

  /** Of the terminal that the output is for; undefined where there is none. */
  get size(): TerminalSize | undefined {
    return this.#size;
  }

  /** Readers are told the latest, before what they take next. */
  setSize(size: TerminalSize): void {
    this.#size = size;
    for (const reader of this.#readers) reader.wake();
  }

  push(stream: OutputStream, bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    if (this.#nextNumber === 1) this.#budget.add(this);
    const before = this.#endOffset;
    const size = frameBytes[stream];
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.length <= size ? bytes : bytes.subarray(at, at + size);
      this.#frames.push({ kind: 'frame', number: this.#nextNumber, stream, bytes: piece });
      this.#nextNumber += 1;
      this.#endOffset += piece.length + frameOverheadBytes;
    }
    const added = this.#endOffset - before;
    this.#keptBytes += added;
    if (this.#keptBytes > windowBytes) this.cut(windowBytes);
    this.#budget.charge(added);
    if (this.#flow === 'running') this.#regulate();
    for (const reader of this.#readers) reader.wake();
  }

  /** Readers have the rest, then their end. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#budget.end(this);
    this.#regulate();
    for (const reader of this.#readers) reader.wake();
  }

  /** Nobody can come to read it any more: what is kept goes with the last of those that do. */
  forget(): void {
    this.#state = 'forgotten';
    this.#dropUnlessRead();
  }

  /**
   * A reader of what comes from now on, or from the frame with the number `from` on, which may be the next one.
   * Throws `invalid_request` for one that is further away, since there is nothing to go on from.
   */
  read(from = this.#nextNumber): OutputReader {
    if (from > this.#nextNumber) {
      throw new WrennError(
        'invalid_request',
        `the process has written ${this.#nextNumber - 1} frames so far`,
        {
          field: 'from',
          remedy: 'ask from the last number that was seen, plus 1',
        },
      );
    }
    const first = this.firstKeptNumber;
    const behind = this.#frames.slice(Math.max(from, first) - first);
    const reader = new OutputReader(this, from, this.#endOffset - sum(behind));
    this.#readers.add(reader);
    this.#regulate();
    return reader;
  }

  /** The frame of this number, the gap that begins with it, or undefined when it has not come yet. */
  at(number: number): Frame | Gap | undefined {
    const first = this.firstKeptNumber;
    return number < first ? { kind: 'gap', first: number, last: first - 1 } : this.#frames[number - first];
  }

  /** A reader went on. */
  taken(): void {
    if (this.#flow === 'held up') this.#regulate();
  }

  /** A reader is gone. */
  left(reader: OutputReader): void {
    this.#readers.delete(reader);
    this.#regulate();
    if (this.#state === 'forgotten') this.#dropUnlessRead();
  }

  cut(toBytes: number): void {
    const needed = this.#readers.size === 0 ? 0 : this.#endOffset - this.#furthest();
    const target = Math.max(toBytes, needed);
    const before = this.#keptBytes;
    while (this.#keptBytes > target) {
      const frame = this.#frames.shift();
      if (frame === undefined) break;
      this.#keptBytes -= costOf(frame);
    }
    this.#budget.refund(before - this.#keptBytes);
  }

  #dropUnlessRead(): void {
    if (this.#readers.size > 0) return;
    this.cut(0);
    this.#budget.remove(this);
  }

  #regulate(): void {
    const isFull =
      this.#state === 'open' &&
      this.#readers.size > 0 &&
      this.#endOffset - this.#furthest() >= this.#budget.highWaterBytes;
    if (isFull === this.isHoldingUp) return;
    this.#flow = isFull ? 'held up' : 'running';
    for (const source of this.#sources) {
      if (isFull) source.pause();
      else source.resume();
    }
  }

  /** The place of the reader that is furthest on. */
  #furthest(): number {
    let offset = 0;
    for (const reader of this.#readers) offset = Math.max(offset, reader.offset);
    return offset;
  }
}

/** One reader's place in a log, and the size of the terminal that it was told last. */
export class OutputReader {
  readonly #log: OutputLog;
  #next: number;
  #offset: number;
  #knows: TerminalSize | undefined;
  #state: 'reading' | 'left' = 'reading';
  #wake: (() => void) | undefined;

  constructor(log: OutputLog, next: number, offset: number) {
    this.#log = log;
    this.#next = next;
    this.#offset = offset;
  }

  /** The cost of all frames before its place. */
  get offset(): number {
    return this.#offset;
  }

  /** The size is nothing new to it. */
  knowsSize(): this {
    this.#knows = this.#log.size;
    return this;
  }

  /** The next frame, or what comes before it, or undefined when there is nothing right now. */
  take(): Frame | Gap | Resized | undefined {
    if (this.#hasNewSize) return this.#takeSize();
    const taken = this.#state === 'reading' ? this.#log.at(this.#next) : undefined;
    if (taken === undefined) return undefined;
    if (taken.kind === 'gap') {
      this.#next = taken.last + 1;
      this.#offset = this.#log.startOffset;
    } else {
      this.#next += 1;
      this.#offset += costOf(taken);
    }
    this.#log.taken();
    return taken;
  }

  /** It has had everything, or has left. */
  get isDone(): boolean {
    return this.#state === 'left' || (this.#log.isEnded && this.#next === this.#log.nextNumber);
  }

  /** Settles as soon as there is something to take, with true also when there never will be; after `ms` with false. */
  readableWithin(ms: number): Promise<boolean> {
    if (this.isDone || this.#hasNewSize || this.#next < this.#log.nextNumber) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, ms, false);
    this.#wake = () => {
      clearTimeout(timer);
      resolve(true);
    };
    return promise;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Leaves for good; the process goes on. */
  leave(): void {
    if (this.#state === 'left') return;
    this.#state = 'left';
    this.#log.left(this);
    this.wake();
  }

  get #hasNewSize(): boolean {
    return this.#state === 'reading' && this.#log.size !== this.#knows;
  }

  #takeSize(): Resized | undefined {
    this.#knows = this.#log.size;
    return this.#knows && { kind: 'size', size: this.#knows };
  }
}

function costOf(frame: Frame): number {
  return frame.bytes.length + frameOverheadBytes;
}

function sum(frames: readonly Frame[]): number {
  return frames.reduce((total, frame) => total + costOf(frame), 0);
}
