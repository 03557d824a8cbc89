import { setTimeout as pause } from 'node:timers/promises';
import { deadline } from '@wrenn/core';
import { z } from 'zod';
import type { Qmp } from './qmp.ts';

const runState = z.object({ status: z.string() });
/** Between two attempts to let a guest go on whose write found the disk full. */
const retryMs = 1_000;
const answerDeadlineMs = 10_000;

/**
 * QEMU stops a guest whose write found the host's disk full; nothing is lost, the write is done again when the guest
 * goes on. This lets it go on as soon as there is room, until the machine ends. A stop that was asked for has another
 * status than one for a fault, and `isHeld` tells of one that came on top of it.
 */
export class FullDiskWatch {
  readonly #qmp: Qmp;
  readonly #isHeld: () => boolean;
  readonly #ended = new AbortController();
  /** One look after the other: a stop during a look is looked at by the next. */
  #looking: Promise<void> = Promise.resolve();

  constructor(qmp: Qmp, isHeld: () => boolean) {
    this.#qmp = qmp;
    this.#isHeld = isHeld;
    qmp.listen(({ event }) => {
      if (event === 'STOP') this.look();
    });
    void qmp.closed.then(() => this.#ended.abort());
  }

  /** Also of use when events were missed, because another agent was connected. */
  look(): void {
    this.#looking = this.#looking
      .then(() => this.#retry())
      // The machine ended, or does not answer, which whoever needs it will notice.
      .catch(() => undefined);
  }

  async #retry(): Promise<void> {
    while (!this.#isHeld()) {
      using limit = deadline(answerDeadlineMs, 'asking why the guest stopped', this.#ended.signal);
      const { status } = runState.parse(await this.#qmp.run('query-status', {}, limit));
      if (status !== 'io-error') return;
      // It does not keep an agent from ending.
      await pause(retryMs, undefined, { signal: this.#ended.signal, ref: false });
      if (!this.#isHeld()) await this.#qmp.run('cont', {}, limit);
    }
  }
}
