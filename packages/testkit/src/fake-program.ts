import { once } from 'node:events';
import { WrennError } from '@wrenn/core';
import { toConnect } from './fake-agent-server.ts';

interface Frame {
  readonly number: bigint;
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface FakeSize {
  readonly cols: number;
  readonly rows: number;
}

/** What `frames` ends with. */
interface End {
  readonly exitCode: number;
}

/**
 * A program of a fake capsule, in a terminal or not: it prints and ends as a test says, and reads its input or leaves it
 * unread. It shows nothing about processes.
 */
export class FakeProgram {
  readonly pid: number;
  readonly tag: string;
  /** What it read, in the pieces in which it was given. */
  readonly pieces: Buffer[] = [];
  /** What was done to it, and finished, in order: `input`, `end of input`, `120x40`, `kill`. */
  readonly deeds: string[] = [];
  /** Calls that came after its end. */
  late = 0;
  /** Frames that a reader was given. */
  framesTaken = 0;
  readers = 0;
  #input: 'is read' | 'is left unread' | 'is closed' = 'is read';
  readonly #frames: Frame[] = [];
  #end: End | undefined;
  readonly #ended = Promise.withResolvers<void>();
  #way: 'whole' | 'broken' = 'whole';
  #interruptions = 0;
  #size: FakeSize | undefined;
  readonly #changed = new EventTarget();

  constructor(pid: number, tag: string) {
    this.pid = pid;
    this.tag = tag;
  }

  /** The number of the frame that it prints next. */
  get next(): bigint {
    return BigInt(this.#frames.length + 1);
  }

  /** Resolves when it has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  get read(): string {
    return Buffer.concat(this.pieces).toString();
  }

  /** From now on input waits, until it `goesOn`. */
  hang(): void {
    this.#input = 'is left unread';
  }

  goOn(): void {
    this.#input = 'is read';
    this.#wake();
  }

  closeInput(): void {
    this.#input = 'is closed';
    this.#wake();
  }

  print(data: string | Uint8Array<ArrayBuffer>): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    this.#frames.push({ number: BigInt(this.#frames.length + 1), data: bytes });
    this.#wake();
  }

  exit(exitCode: number): void {
    this.#end ??= { exitCode };
    this.#ended.resolve();
    this.#wake();
  }

  /** From now on whoever looks at it sees its stream break, as when its machine is gone. */
  breakOff(): void {
    this.#way = 'broken';
    this.#wake();
  }

  /** Whoever looks at it now sees its stream break; it goes on, and can be looked at again. */
  interrupt(): void {
    this.#interruptions += 1;
    this.#wake();
  }

  /** Does what a call says; throws what a guest answers. */
  do(deed: string): void {
    this.#requireRunning();
    this.deeds.push(deed);
    if (deed === 'kill') this.exit(137);
  }

  /** Its readers are told. */
  resize(size: FakeSize): void {
    this.do(`${size.cols}x${size.rows}`);
    this.#size = size;
    this.#wake();
  }

  /** Returns when the program has read it. */
  async take(data: Uint8Array, signal: AbortSignal): Promise<void> {
    this.#requireRunning();
    while (this.#input === 'is left unread' && this.#end === undefined) await this.#change(signal);
    if (this.#input === 'is closed' || this.#end !== undefined)
      throw toConnect(new WrennError('invalid_state', 'the input of the process is closed'));
    this.pieces.push(Buffer.from(data));
    this.deeds.push('input');
  }

  /** What it prints from the frame `from` on, and its end. */
  async *frames(from: bigint, signal: AbortSignal): AsyncGenerator<Frame | End, void> {
    for await (const told of this.#told(from, signal)) if (!('cols' in told)) yield told;
  }

  /** The same as a host's agent tells it of a terminal, with the sizes that this gets. */
  async *shown(from: bigint, signal: AbortSignal) {
    for await (const told of this.#told(from, signal)) {
      if ('exitCode' in told) yield { event: { case: 'exited', value: told } } as const;
      else if ('cols' in told) yield { event: { case: 'size', value: told } } as const;
      else yield { event: { case: 'output', value: told } } as const;
    }
  }

  async *#told(from: bigint, signal: AbortSignal): AsyncGenerator<Frame | FakeSize | End, void> {
    this.readers += 1;
    const interruptions = this.#interruptions;
    let at = Number(from) - 1;
    let size: FakeSize | undefined;
    try {
      for (;;) {
        const frame = this.#frames[at];
        if (this.#size !== undefined && this.#size !== size) {
          size = this.#size;
          yield size;
        } else if (frame !== undefined) {
          at += 1;
          this.framesTaken += 1;
          yield frame;
        } else if (this.#way === 'broken' || this.#interruptions > interruptions) {
          throw toConnect(new WrennError('host_unavailable', 'the way broke'));
        } else if (this.#end !== undefined) {
          yield this.#end;
          return;
        } else {
          await this.#change(signal);
        }
      }
    } finally {
      this.readers -= 1;
    }
  }

  #requireRunning(): void {
    if (this.#end === undefined) return;
    this.late += 1;
    throw toConnect(new WrennError('not_found', `no process with tag ${this.tag} runs`));
  }

  #wake(): void {
    this.#changed.dispatchEvent(new Event('change'));
  }

  async #change(signal: AbortSignal): Promise<void> {
    await once(this.#changed, 'change', { signal });
  }
}
