import { Change } from './change.ts';

/** The most that one call carries. */
const mostCallBytes = 512 * 1024;
/** What may wait while a call is under way; beyond either, `add` waits. */
const mostPieces = 4096;
const mostBytes = 1024 * 1024;

/** What a command is given to read in one call; nothing comes after the `last`. */
export interface CommandInputPart {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly last: boolean;
}

/**
 * Input that waits for a command to read what came before, so that who feeds it is heard meanwhile. Nothing is reordered
 * or dropped until the command takes no more.
 */
export class CommandInput {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #state: 'open' | 'ended' | 'closed' = 'open';
  readonly #changed = new Change();

  /** Waits while too much is there already. */
  async add(data: Buffer, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < data.length; at += mostCallBytes) {
      while (this.#pieces.length >= mostPieces || this.#bytes >= mostBytes) await this.#changed.wait(signal);
      if (this.#state !== 'open') return;
      const piece = data.subarray(at, at + mostCallBytes);
      this.#pieces.push(piece);
      this.#bytes += piece.length;
      this.#changed.tell();
    }
  }

  /** The client sends no more. */
  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#changed.tell();
  }

  /** The command takes no more: what waits and what comes is dropped. */
  close(): void {
    this.#state = 'closed';
    this.#pieces = [];
    this.#bytes = 0;
    this.#changed.tell();
  }

  /** What is to be sent now, as much as one call carries; undefined when there is no more. */
  async next(signal: AbortSignal): Promise<CommandInputPart | undefined> {
    while (this.#pieces.length === 0 && this.#state === 'open') await this.#changed.wait(signal);
    if (this.#state === 'closed') return undefined;
    let count = 0;
    let bytes = 0;
    for (const { length } of this.#pieces) {
      if (count > 0 && bytes + length > mostCallBytes) break;
      count += 1;
      bytes += length;
    }
    const data = new Uint8Array(Buffer.concat(this.#pieces.splice(0, count)));
    this.#bytes -= bytes;
    const last = this.#state === 'ended' && this.#pieces.length === 0;
    if (last) this.#state = 'closed';
    this.#changed.tell();
    return { data, last };
  }
}
