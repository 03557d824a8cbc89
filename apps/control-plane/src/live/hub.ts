import { setImmediate } from 'node:timers/promises';
import { describeError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { Database } from '../db/database.ts';
import { type Audience, isFor } from './audience.ts';
import { Bursts } from './bursts.ts';
import { capsuleEvents } from './capsule-events.ts';
import { type Change, keyOf, merged } from './change.ts';
import type { LiveClient } from './client.ts';
import { changeEvent, heartbeatMs, type ResyncReason, resyncEvent, serverSent } from './wire.ts';

/** Changes of one thing within this time are told once. */
const gatherMs = 100;
/** More than this at once is not told one by one, nor kept. */
const mostGathered = 10_000;
const atOnce = 50;

interface Services {
  readonly database: Database;
  readonly log: Logger;
}

/** Tells all clients of this process what the database tells it, and reads what changed once for all of them. */
export class LiveHub {
  readonly #services: Services;
  readonly #clients = new Set<LiveClient>();
  readonly #bursts = new Bursts((team) => this.#resync('burst', team));
  #gathered = new Map<string, Change>();
  #hasOverflown = false;
  #telling: Promise<void> | undefined;
  #beats: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(services: Services) {
    this.#services = services;
  }

  /** From now on the client is told; first that it is. */
  add(client: LiveClient, open: object, hasBeenHere: 'new' | 'back'): void {
    client.tell(serverSent('open', { ...open, heartbeat_ms: heartbeatMs }));
    if (hasBeenHere === 'back') client.tell(resyncEvent('reconnected'));
    if (this.#isClosed) {
      client.conclude();
      return;
    }
    this.#clients.add(client);
    client.once('close', () => this.#remove(client));
    this.#beats ??= setInterval(() => {
      for (const each of this.#clients) each.beat();
    }, heartbeatMs);
  }

  #remove(client: LiveClient): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#beats);
    this.#beats = undefined;
  }

  /** Something changed: told soon, if it is for anybody. */
  note(change: Change): void {
    if (this.#hasOverflown || this.#audience(change).next().done === true) return;
    if (change.kind === 'capsule' && this.#bursts.absorbs(change.team)) return;
    const key = keyOf(change);
    this.#gathered.set(key, merged(this.#gathered.get(key), change));
    if (this.#gathered.size > mostGathered) {
      this.#gathered.clear();
      this.#hasOverflown = true;
    }
    this.#telling ??= this.#tellSoon();
  }

  /** Nobody knows what changed meanwhile. */
  resyncAll(reason: ResyncReason): void {
    for (const client of this.#clients) client.tell(resyncEvent(reason));
  }

  /** Ends all streams, and those that are still to come. */
  close(): void {
    this.#isClosed = true;
    this.#bursts.close();
    for (const client of this.#clients) client.conclude();
  }

  *#audience(change: Pick<Change, 'kind' | 'team'>): Generator<LiveClient, void> {
    for (const client of this.#clients) if (isFor(client.audience, change)) yield client;
  }

  /** One after the other: what was read first is told first. Never rejects. */
  async #tellSoon(): Promise<void> {
    do {
      await new Promise((resolve) => setTimeout(resolve, gatherMs));
      const changes = [...this.#gathered.values()];
      this.#gathered = new Map();
      try {
        if (this.#hasOverflown) this.resyncAll('burst');
        else await this.#tell(changes);
      } catch (thrown) {
        this.#services.log.warn({ cause: describeError(thrown) }, 'telling what changed');
        this.resyncAll('gap');
      }
      this.#hasOverflown = false;
    } while (this.#gathered.size > 0 && !this.#isClosed);
    this.#telling = undefined;
  }

  async #tell(changes: readonly Change[]): Promise<void> {
    const capsules = this.#bursts.without(changes.filter(({ kind }) => kind === 'capsule'));
    const read = capsules.length === 0 ? undefined : await capsuleEvents(this.#services.database, capsules);
    for (const [index, change] of changes.entries()) {
      // Whoever reads gets what was pushed before more of it is.
      if (index % atOnce === atOnce - 1) await setImmediate();
      const event = change.kind === 'capsule' ? read?.get(change) : changeEvent(change);
      if (event === undefined) continue;
      for (const client of this.#audience(change)) client.tell(event);
    }
  }

  #resync(reason: ResyncReason, team: Audience['team']): void {
    for (const client of this.#audience({ kind: 'capsule', team }))
      client.tell(resyncEvent(reason, ['capsule']));
  }
}
