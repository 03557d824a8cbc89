export interface Output {
  /** Of the frame. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

const mostBytes = 1024 * 1024;
const mostFrames = 256;

/** What has come for a reader that is behind. The rest waits in the capsule, which holds up the program. */
export class UnreadOutput {
  readonly #outputs: Output[] = [];
  #bytes = 0;

  add(output: Output): void {
    this.#outputs.push(output);
    this.#bytes += output.bytes.length;
  }

  take(): Output | undefined {
    const output = this.#outputs.shift();
    this.#bytes -= output?.bytes.length ?? 0;
    return output;
  }

  /** As much as may wait. */
  get isFull(): boolean {
    return this.#outputs.length >= mostFrames || this.#bytes >= mostBytes;
  }

  /** Little enough for more to be sent. */
  get isHalfEmpty(): boolean {
    return this.#outputs.length < mostFrames / 2 && this.#bytes < mostBytes / 2;
  }
}
