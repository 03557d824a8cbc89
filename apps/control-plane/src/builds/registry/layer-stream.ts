import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { WrennError } from '@wrenn/core';
import { imageRefused, stalled } from './faults.ts';
import type { ImageLayer } from './manifest.ts';
import { nameOf } from './open-layer.ts';
import { altered } from './read-document.ts';

export interface LayerSource {
  readonly image: string;
  readonly layer: ImageLayer;
  readonly stallMs: number;
  /** How often a connection that broke is followed by another, from where it broke. */
  readonly reconnections: number;
  /** The layer from this byte on. */
  open(from: number, signal: AbortSignal): Promise<IncomingMessage>;
}

/**
 * A layer as it comes, no faster than it is taken. It ends only if it was the one that the manifest names: otherwise it
 * is destroyed with the fault, whatever was read of it by then.
 */
export class LayerStream extends Readable {
  readonly #source: LayerSource;
  readonly #signal: AbortSignal;
  readonly #hash = createHash('sha256');
  #answer: IncomingMessage;
  #chunks: AsyncIterator<Buffer>;
  #received = 0;
  #reconnections = 0;

  private constructor(source: LayerSource, answer: IncomingMessage, signal: AbortSignal) {
    super();
    this.#source = source;
    this.#signal = signal;
    this.#answer = answer;
    this.#chunks = answer[Symbol.asyncIterator]();
    signal.addEventListener('abort', this.#stop, { once: true });
  }

  static async open(source: LayerSource, signal: AbortSignal): Promise<LayerStream> {
    const answer = await source.open(0, signal);
    if (!signal.aborted) return new LayerStream(source, answer, signal);
    answer.destroy();
    throw signal.reason;
  }

  override _read(): void {
    this.#pass().catch((thrown: unknown) => this.destroy(this.#faultOf(thrown)));
  }

  override _destroy(fault: Error | null, done: (fault: Error | null) => void): void {
    this.#signal.removeEventListener('abort', this.#stop);
    this.#answer.destroy();
    done(fault);
  }

  readonly #stop = () => {
    const { reason } = this.#signal;
    this.destroy(reason instanceof Error ? reason : WrennError.from(reason, this.#what()));
  };

  async #pass(): Promise<void> {
    const chunk = await this.#next();
    if (this.destroyed) return;
    const { image, layer } = this.#source;
    if (chunk === undefined) {
      const isWhole = this.#received === layer.size;
      if (!isWhole || `sha256:${this.#hash.digest('hex')}` !== layer.digest)
        throw altered(image, nameOf(this.#source.layer));
      this.push(null);
      return;
    }
    this.#received += chunk.length;
    if (this.#received > layer.size) {
      throw imageRefused(
        image,
        `more came of ${nameOf(this.#source.layer)} than the ${layer.size} bytes that it has`,
      );
    }
    this.#hash.update(chunk);
    this.push(chunk);
  }

  /** The next piece, over a new connection where the one before broke; undefined at the end. */
  async #next(): Promise<Buffer | undefined> {
    const { image, stallMs } = this.#source;
    for (;;) {
      const patience = setTimeout(
        () => this.destroy(stalled(image, nameOf(this.#source.layer), stallMs)),
        stallMs,
      );
      try {
        const { done, value } = await this.#chunks.next();
        return done === true ? undefined : value;
      } catch (thrown) {
        if (this.destroyed || this.#reconnections === this.#source.reconnections) throw thrown;
      } finally {
        clearTimeout(patience);
      }
      await this.#reconnect();
    }
  }

  async #reconnect(): Promise<void> {
    this.#reconnections += 1;
    const answer = await this.#source.open(this.#received, this.#signal);
    this.#answer = answer;
    this.#chunks = answer[Symbol.asyncIterator]();
    if (this.destroyed) answer.destroy();
  }

  #faultOf(thrown: unknown): Error {
    if (thrown instanceof WrennError) return thrown;
    const { size } = this.#source.layer;
    const message = `${this.#what()}: the connection ended after ${this.#received} of ${size} bytes`;
    return new WrennError('host_unavailable', message, { cause: thrown, remedy: 'try again later' });
  }

  #what(): string {
    return `the image ${this.#source.image}: reading ${nameOf(this.#source.layer)}`;
  }
}
