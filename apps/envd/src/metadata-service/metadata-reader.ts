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

/** Reads the metadata service after an `/init`, until it has answered or a minute is over. */
export class MetadataReader {
  readonly #baseUrl: string | undefined;
  readonly #deadlineMs: number;
  #reading: AbortController | undefined;

  /** Undefined: there is no service, and none is looked for. */
  constructor(baseUrl: string | undefined, deadlineMs = readDeadlineMs) {
    this.#baseUrl = baseUrl;
    this.#deadlineMs = deadlineMs;
  }

  /** Hands what is read to `use`, once. A minute without an answer is one line of the log. */
  start(need: 'urgent' | 'to-compare', use: (metadata: Metadata) => void): void {
    this.stop();
    if (this.#baseUrl === undefined) return;
    const reading = new AbortController();
    this.#reading = reading;
    this.#read(this.#baseUrl, need, reading.signal)
      .then(use)
      .catch((thrown: unknown) => {
        if (!reading.signal.aborted) logFault('the metadata service', thrown);
      });
  }

  /** What was being read is of a machine that this one no longer is. */
  stop(): void {
    this.#reading?.abort(new WrennError('cancelled', 'reading the metadata service: stopped'));
    this.#reading = undefined;
  }

  async #read(baseUrl: string, need: 'urgent' | 'to-compare', signal: AbortSignal): Promise<Metadata> {
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
