import { abortable, deadline, describeError, pause } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { Client } from 'pg';
import type { Worker } from '../worker.ts';
import { liveChannel, parseChange } from './change.ts';
import type { LiveHub } from './hub.ts';

const connectMs = 5_000;
const againAfterMs = 1_000;
/** A connection that broke without a word is found out so. */
const probeEveryMs = 15_000;
const probeMs = 10_000;

/** Keeps one connection on which the database tells what changes, whoever changes it. */
export class LiveListener implements Worker {
  readonly name = 'live updates';
  readonly #databaseUrl: string;
  readonly #hub: LiveHub;
  readonly #log: Logger;

  constructor(databaseUrl: string, hub: LiveHub, log: Logger) {
    this.#databaseUrl = databaseUrl;
    this.#hub = hub;
    this.#log = log;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#listen(signal);
      } catch (thrown) {
        if (signal.aborted) return;
        this.#log.warn({ cause: describeError(thrown) }, 'the database tells of no changes for now');
        await pause(againAfterMs, signal);
      }
    }
  }

  /** Throws when the connection breaks, or the signal aborts. */
  async #listen(signal: AbortSignal): Promise<void> {
    const client = new Client({
      connectionString: this.#databaseUrl,
      application_name: 'wrenn-live',
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
    });
    const broken = new AbortController();
    client.on('error', (fault) => broken.abort(fault));
    client.on('end', () => broken.abort(new Error('the connection was closed')));
    client.on('notification', ({ payload }) => {
      const change = parseChange(payload ?? '');
      if (change !== undefined) this.#hub.note(change);
    });
    const over = AbortSignal.any([signal, broken.signal]);
    try {
      await abortable(client.connect(), over);
      await abortable(client.query(`listen ${liveChannel}`), over);
      // What changed before was told to nobody.
      this.#hub.resyncAll('gap');
      for (;;) {
        await pause(probeEveryMs, over);
        using limit = deadline(probeMs, 'asking whether the database is there', over);
        await abortable(client.query('select'), limit);
      }
    } finally {
      // It may be broken already, and there is nothing that it has to hand in.
      client.end().catch(() => undefined);
    }
  }
}
