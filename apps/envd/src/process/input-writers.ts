import { WrennError } from '@wrenn/core';

/** Those that were heard last are known; each connection of somebody who does not name itself may be a new one. */
const mostWriters = 64;
const longestName = 128;

/**
 * How much of its input a process has taken from each of those who name themselves. After a connection broke they send
 * again what they do not know to have arrived, and it is taken once.
 */
export class InputWriters {
  /** In the order in which they were heard last. */
  readonly #taken = new Map<string, bigint>();

  /**
   * The part of `bytes` that was not taken before, which counts as taken from now on. `offset` is how many bytes the
   * writer has sent before these. Throws invalid_state when some before them never came.
   */
  newPart(writer: string, offset: bigint, bytes: Uint8Array): Uint8Array {
    if (writer === '') return bytes;
    if (writer.length > longestName) {
      throw new WrennError('invalid_request', `a writer's name has at most ${longestName} characters`, {
        field: 'writer',
      });
    }
    // One that is not known any more was not heard for long: what it says is believed.
    const taken = this.#taken.get(writer) ?? offset;
    if (offset > taken) {
      throw new WrennError('invalid_state', `the input between byte ${taken} and ${offset} never came`, {
        remedy: `send on from byte ${taken}`,
      });
    }
    const end = offset + BigInt(bytes.length);
    this.#remember(writer, end > taken ? end : taken);
    const known = taken - offset;
    return known >= BigInt(bytes.length) ? bytes.subarray(bytes.length) : bytes.subarray(Number(known));
  }

  #remember(writer: string, taken: bigint): void {
    this.#taken.delete(writer);
    this.#taken.set(writer, taken);
    if (this.#taken.size <= mostWriters) return;
    for (const oldest of this.#taken.keys()) {
      this.#taken.delete(oldest);
      break;
    }
  }
}
