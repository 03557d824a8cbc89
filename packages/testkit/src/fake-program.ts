import { once } from 'node:events';
import { WrennError } from '@wrenn/core';
import { toConnect } from './fake-agent-server.ts';

interface Frame {
  readonly number: bigint;
  readonly data: Uint8Array<ArrayBuffer>;
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
    this.#tell();
  }

  closeInput(): void {
    this.#input = 'is closed';
    this.#tell();
  }

  print(data: string | Uint8Array<ArrayBuffer>): void {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    this.#frames.push({ number: BigInt(this.#frames.length + 1), data: bytes });
    this.#tell();
  }

  exit(exitCode: number): void {
    this.#end ??= { exitCode };
    this.#ended.resolve();
    this.#tell();
  }

  /** From now on whoever looks at it sees its stream break, as when its machine is gone. */
  breakOff(): void {
    this.#way = 'broken';
    this.#tell();
  }

  /** Whoever looks at it now sees its stream break; it goes on, and can be looked at again. */
  interrupt(): void {
    this.#interruptions += 1;
    this.#tell();
  }

  /** Does what a call says; throws what a guest answers. */
  do(deed: string): void {
    this.#requireRunning();
    this.deeds.push(deed);
    if (deed === 'kill') this.exit(137);
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
    this.readers += 1;
    const interruptions = this.#interruptions;
    try {
      for (let at = Number(from) - 1; ; at++) {
        for (; at >= this.#frames.length; await this.#change(signal)) {
          if (this.#way === 'broken' || this.#interruptions > interruptions)
            throw toConnect(new WrennError('host_unavailable', 'the way broke'));
          if (this.#end === undefined) continue;
          yield this.#end;
          return;
        }
        const frame = this.#frames[at];
        if (frame === undefined) return;
        this.framesTaken += 1;
        yield frame;
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

  #tell(): void {
    this.#changed.dispatchEvent(new Event('change'));
  }

  async #change(signal: AbortSignal): Promise<void> {
    await once(this.#changed, 'change', { signal });
  }
}
