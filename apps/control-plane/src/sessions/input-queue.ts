import { Change } from './change.ts';

/** Keys. `offset` is how many bytes the writer has sent before them. */
export interface Input {
  readonly kind: 'input';
  readonly data: Buffer;
  readonly offset: bigint;
}
export type Control =
  | { readonly kind: 'resize'; readonly cols: number; readonly rows: number }
  | { readonly kind: 'kill' };
/** What a client does to a terminal. */
export type Deed = Input | Control;

/** The most that one call carries. */
const mostInputBytes = 64 * 1024;
/** What may wait while a call is under way; beyond either, `add` waits. */
const mostInputs = 4096;
const mostBytes = 1024 * 1024;

interface WaitingInput extends Input {
  /** How many controls were sent before it, all of which are done before it is. */
  readonly after: number;
}

/**
 * Deeds that wait for the call before them, in two lanes. Input is done in its order; what was typed while a call was
 * under way goes in one. Sizes and kills are done in theirs, whether or not the program reads its input: a program that
 * hangs can be killed. What is typed after them is done after them. Of sizes that follow each other the last counts, and
 * nothing else is merged, reordered or dropped.
 */
export class InputQueue {
  readonly #inputs: WaitingInput[] = [];
  #bytes = 0;
  /** Two sizes and two kills at the most: what is under way, and what is to be done then. */
  readonly #controls: Control[] = [];
  #controlsDone = 0;
  #firstControl: 'waits' | 'is under way' = 'waits';
  #state: 'open' | 'ended' = 'open';
  readonly #changed = new Change();

  get isEmpty(): boolean {
    return this.#inputs.length === 0 && this.#controls.length === 0;
  }

  /** Waits while there is too much input already. */
  async add(deed: Deed, signal: AbortSignal): Promise<void> {
    if (deed.kind === 'input') await this.#addInput(deed, signal);
    else this.#addControl(deed);
  }

  /** No more is added: each lane gives what is there, and then nothing. */
  end(): void {
    this.#state = 'ended';
    this.#changed.tell();
  }

  /** What is to be typed next, which stays first until `inputDone`; undefined after the end. */
  async nextInput(signal: AbortSignal): Promise<Input | undefined> {
    for (;;) {
      const [first] = this.#inputs;
      if (first === undefined && this.#state === 'ended') return undefined;
      if (first !== undefined && first.after <= this.#controlsDone) return this.#merged(first);
      await this.#changed.wait(signal);
    }
  }

  /** What was given was typed. */
  inputDone(): void {
    this.#bytes -= this.#inputs.shift()?.data.length ?? 0;
    this.#changed.tell();
  }

  /** The size or kill that is to be done next, which stays first until `controlDone`; undefined after the end. */
  async nextControl(signal: AbortSignal): Promise<Control | undefined> {
    while (this.#controls.length === 0) {
      if (this.#state === 'ended') return undefined;
      await this.#changed.wait(signal);
    }
    this.#firstControl = 'is under way';
    return this.#controls[0];
  }

  controlDone(): void {
    this.#controls.shift();
    this.#controlsDone += 1;
    this.#firstControl = 'waits';
    this.#changed.tell();
  }

  async #addInput({ kind, data, offset }: Input, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < data.length; at += mostInputBytes) {
      while (this.#inputs.length >= mostInputs || this.#bytes >= mostBytes) await this.#changed.wait(signal);
      const piece = data.subarray(at, at + mostInputBytes);
      const after = this.#controlsDone + this.#controls.length;
      this.#inputs.push({ kind, data: piece, offset: offset + BigInt(at), after });
      this.#bytes += piece.length;
      this.#changed.tell();
    }
  }

  /** One that waits already is the same kill, or a size that does not count any more. */
  #addControl(control: Control): void {
    const from = this.#firstControl === 'waits' ? 0 : 1;
    const known = this.#controls.findIndex(({ kind }, index) => index >= from && kind === control.kind);
    if (known === -1) this.#controls.push(control);
    else this.#controls[known] = control;
    this.#changed.tell();
  }

  /** `first` with the keys that go on from it, which are then one. */
  #merged(first: WaitingInput): Input {
    let count = 0;
    let bytes = 0;
    for (const { data, offset, after } of this.#inputs) {
      const goesOn = offset === first.offset + BigInt(bytes) && after <= this.#controlsDone;
      if (count > 0 && (!goesOn || bytes + data.length > mostInputBytes)) break;
      bytes += data.length;
      count += 1;
    }
    if (count === 1) return first;
    const data = Buffer.concat(this.#inputs.slice(0, count).map((input) => input.data));
    const merged = { ...first, data };
    this.#inputs.splice(0, count, merged);
    return merged;
  }
}
