import { deadline, pause, WrennError } from '@wrenn/core';
import { logFault } from '../log.ts';
import type { Metadata } from './metadata.ts';
import { readMetadata } from './read-metadata.ts';

const readDeadlineMs = 60_000;
/** Where `/init` has said everything already, the commands that the capsule was made for come first. */
const politePauseMs = 1_000;
const firstPauseMs = 50;
/** Attempts become rarer: where there is no such service, nobody is to pay for a minute of them. */
const longestPauseMs = 1_000;

type Need = 'urgent' | 'to-compare';

interface Order {
  readonly need: Need;
  readonly use: (metadata: Metadata) => void;
}

/** Reads the metadata service after an `/init`, until it has answered or a minute is over. */
export class MetadataReader {
  readonly #baseUrl: string | undefined;
  readonly #deadlineMs: number;
  #reading: AbortController | undefined;
  /** What was broken off, and is to be read again if the machine stays the one that it is. */
  #unread: Order | undefined;

  /** Undefined: there is no service, and none is looked for. */
  constructor(baseUrl: string | undefined, deadlineMs = readDeadlineMs) {
    this.#baseUrl = baseUrl;
    this.#deadlineMs = deadlineMs;
  }

  /** Hands what is read to `use`, once. A minute without an answer is one line of the log. */
  start(need: Need, use: (metadata: Metadata) => void): void {
    this.stop();
    if (this.#baseUrl === undefined) return;
    const reading = new AbortController();
    this.#reading = reading;
    this.#unread = { need, use };
    this.#read(this.#baseUrl, need, reading.signal)
      .then((metadata) => {
        this.#unread = undefined;
        use(metadata);
      })
      .catch((thrown: unknown) => {
        if (reading.signal.aborted) return;
        this.#unread = undefined;
        logFault('the metadata service', thrown);
      });
  }

  /** What was being read is of a machine that this one no longer is. */
  stop(): void {
    this.breakOff();
    this.#unread = undefined;
  }

  /** The machine may be about to become another one; `goOn` when it did not. */
  breakOff(): void {
    this.#reading?.abort(new WrennError('cancelled', 'reading the metadata service: stopped'));
    this.#reading = undefined;
  }

  /** Reads what was broken off. */
  goOn(): void {
    if (this.#reading === undefined && this.#unread !== undefined) {
      this.start(this.#unread.need, this.#unread.use);
    }
  }

  async #read(baseUrl: string, need: Need, signal: AbortSignal): Promise<Metadata> {
    if (need === 'to-compare') await pause(politePauseMs, signal);
    using limit = deadline(this.#deadlineMs, 'reading it', signal);
    let fault: unknown;
    let pauseMs = firstPauseMs;
    while (!limit.aborted) {
      try {
        return await readMetadata(baseUrl, limit);
      } catch (thrown) {
        fault = thrown;
      }
      // That the time is over is seen above; the last fault says more than that.
      await pause(pauseMs, limit).catch(() => undefined);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
    throw new WrennError('host_unavailable', 'no answer', { cause: fault });
  }
}
