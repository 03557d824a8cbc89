import type { ExecStreamResponse } from '@wrenn/protocol/hostagent';
import { presentEnd } from '../capsules/exec.ts';
import type { Channel } from '../sockets/channel.ts';

/** How output comes: as text, where bytes that are no UTF-8 are replaced, or byte for byte. */
export type OutputEncoding = 'utf-8' | 'base64';

/** A byte order mark is output like any other, and stays. */
const textDecoder = () => new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The frames of a process's output for one client. A character whose bytes came in two pieces is put together, so that
 * text is whole wherever the process was cut off.
 */
export class OutputFrames {
  readonly #channel: Channel;
  readonly #encoding: OutputEncoding;
  readonly #decoders = { stdout: textDecoder(), stderr: textDecoder(), pty: textDecoder() };
  #lastNumber = 0;

  constructor(channel: Channel, encoding: OutputEncoding) {
    this.#channel = channel;
    this.#encoding = encoding;
  }

  /** Waits while the client reads slower. True after the last one. */
  async tell({ event }: ExecStreamResponse): Promise<'more' | 'ended'> {
    switch (event.case) {
      case 'start':
        await this.#channel.send({ type: 'start', pid: event.value.pid });
        return 'more';
      case 'data': {
        const { output, number } = event.value;
        if (output.case === undefined) return 'more';
        const data = this.#text(output.case, output.value);
        this.#lastNumber = Number(number);
        await this.#tellText(output.case, data);
        return 'more';
      }
      case 'gap': {
        const { first, last } = event.value;
        await this.#channel.send({ type: 'gap', first: Number(first), last: Number(last) });
        return 'more';
      }
      case 'end': {
        await this.#tellCutOff();
        const { error } = event.value;
        const end = { type: 'exit', ...presentEnd(event.value), ...(error === '' ? {} : { error }) };
        await this.#channel.send(end);
        return 'ended';
      }
      default:
        return 'more';
    }
  }

  /** Of a character whose end never came. */
  async #tellCutOff(): Promise<void> {
    for (const stream of ['stdout', 'stderr', 'pty'] as const) {
      await this.#tellText(stream, this.#decoders[stream].decode());
    }
  }

  async #tellText(stream: 'stdout' | 'stderr' | 'pty', data: string): Promise<void> {
    // What a terminal prints is its screen, which a client of streams reads as its output.
    const type = stream === 'pty' ? 'stdout' : stream;
    if (data !== '') await this.#channel.send({ type, data, number: this.#lastNumber });
  }

  #text(stream: 'stdout' | 'stderr' | 'pty', bytes: Uint8Array): string {
    if (this.#encoding === 'utf-8') return this.#decoders[stream].decode(bytes, { stream: true });
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }
}
