import { closeSync, constants, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemCode, WrennError } from '@wrenn/core';
import { dataRanges } from '@wrenn/sys';
import { readUpToSync, writeAllSync } from '../../files/whole.ts';
import type { WrittenPages } from '../engine.ts';

const diffName = /^diff-(\d{1,9})$/;
/** How much is read or written before others have their turn on this thread. */
const sliceBytes = 4 << 20;

/**
 * What a guest wrote since its machine started. Firecracker tells only what was written since the last time it was asked,
 * in a sparse file each: those are laid over each other here, in a file of the machine's directory, so that a copy of the
 * state that comes to nothing loses no page.
 *
 * The VMM's user owns that directory: what is opened in it is not followed where it is a link, and is read as what it is,
 * memory of that guest.
 */
export class WrittenMemory {
  readonly #directory: string;
  readonly #bytes: number;

  /** `bytes` is the size of the guest's memory. */
  constructor(directory: string, bytes: number) {
    this.#directory = directory;
    this.#bytes = bytes;
  }

  /** The name, in the directory, of the file that Firecracker is to write next. */
  async nextDiff(): Promise<string> {
    const last = (await this.#diffs()).at(-1);
    return `diff-${(last?.number ?? 0) + 1}`;
  }

  /** Lays what Firecracker wrote over what it wrote before; to be called once it has, also after the agent was killed. */
  async absorb(signal: AbortSignal): Promise<void> {
    for (const { name } of await this.#diffs()) {
      const diff = join(this.#directory, name);
      if (!(await this.#takeAsFirst(diff))) await this.#lay(diff, signal);
      await rm(diff, { force: true });
    }
  }

  /** Ascending, in runs of a few MiB at the most; nothing where nothing was ever captured. */
  async *pages(signal: AbortSignal): AsyncGenerator<WrittenPages> {
    const file = this.#open(this.#whole, constants.O_RDONLY);
    if (file === undefined) return;
    const buffer = Buffer.alloc(sliceBytes);
    try {
      for (const { offset, length } of dataRanges(file, this.#bytes)) {
        for (let done = 0; done < length; done += sliceBytes) {
          const bytes = buffer.subarray(0, Math.min(sliceBytes, length - done));
          readFully(file, bytes, offset + done);
          yield { offset: offset + done, bytes };
          await nextTurn();
          signal.throwIfAborted();
        }
      }
    } finally {
      closeSync(file);
    }
  }

  get #whole(): string {
    return join(this.#directory, 'written');
  }

  async #diffs(): Promise<{ readonly name: string; readonly number: number }[]> {
    const names = await readdir(this.#directory);
    return names
      .flatMap((name) => {
        const number = diffName.exec(name)?.[1];
        return number === undefined ? [] : [{ name, number: Number(number) }];
      })
      .toSorted((one, other) => one.number - other.number);
  }

  /** The first of all is the whole. */
  async #takeAsFirst(diff: string): Promise<boolean> {
    const whole = this.#open(this.#whole, constants.O_RDONLY);
    if (whole !== undefined) {
      closeSync(whole);
      return false;
    }
    const file = this.#open(diff, constants.O_RDONLY);
    if (file === undefined) return true;
    closeSync(file);
    await rename(diff, this.#whole);
    return true;
  }

  async #lay(diff: string, signal: AbortSignal): Promise<void> {
    const from = this.#open(diff, constants.O_RDONLY);
    if (from === undefined) return;
    const to = this.#open(this.#whole, constants.O_RDWR);
    const buffer = Buffer.alloc(sliceBytes);
    try {
      if (to === undefined) throw new WrennError('agent_error', `${this.#whole} is gone`);
      for (const { offset, length } of dataRanges(from, this.#bytes)) {
        for (let done = 0; done < length; done += sliceBytes) {
          const bytes = buffer.subarray(0, Math.min(sliceBytes, length - done));
          readFully(from, bytes, offset + done);
          writeAllSync(to, bytes, offset + done);
          await nextTurn();
          signal.throwIfAborted();
        }
      }
    } finally {
      closeSync(from);
      if (to !== undefined) closeSync(to);
    }
  }

  /** Undefined where there is none. One that is shorter than the memory was not written to its end: it ends in a hole. */
  #open(path: string, access: number): number | undefined {
    let file: number;
    try {
      file = openSync(path, access | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return undefined;
      throw thrown;
    }
    try {
      const { size } = fstatSync(file);
      if (!fstatSync(file).isFile() || size > this.#bytes)
        throw new WrennError('agent_error', `${path} is not what Firecracker writes`);
      if (access !== constants.O_RDONLY && size < this.#bytes) ftruncateSync(file, this.#bytes);
      return file;
    } catch (thrown) {
      closeSync(file);
      throw thrown;
    }
  }
}

function readFully(file: number, bytes: Buffer, position: number): void {
  const read = readUpToSync(file, bytes, position);
  if (read < bytes.length) throw new WrennError('agent_error', `written memory ends at ${position + read}`);
}
