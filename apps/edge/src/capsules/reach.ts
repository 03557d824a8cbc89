import { abortable, type CapsuleId, deadline, describeError, WrennError } from '@wrenn/core';
import type { Catalog, Passage } from '@wrenn/forward';
import type { Logger } from '@wrenn/service';
import { Refusal } from '../refusal/refusal.ts';
import type { CapsuleFacts, ControlPlane } from './facts.ts';
import type { FactsCache } from './facts-cache.ts';
import type { Reached } from './reached.ts';
import type { Relays } from './relays.ts';

/** A resume reads a whole memory; under load it waits for others. */
const wakeMs = 120_000;
/** From the control plane's word that a capsule runs to the agent's. */
const usualAnnounceMs = 5_000;
/** One that is paused again and again while a request waits for it is not chased for ever. */
const rounds = 3;

export interface ReachParts {
  readonly catalog: Pick<Catalog, 'passage' | 'change'>;
  readonly relays: Pick<Relays, 'to'>;
  readonly controlPlane: Pick<ControlPlane, 'wake'>;
  readonly facts: FactsCache;
  readonly log: Logger;
  readonly announceMs?: number;
}

/** Finds the way to capsules; a request for one that sleeps waits here until it is awake, its body unread. */
export class Reach {
  readonly #catalog: ReachParts['catalog'];
  readonly #relays: ReachParts['relays'];
  readonly #controlPlane: ReachParts['controlPlane'];
  readonly #facts: FactsCache;
  readonly #log: Logger;
  readonly #announceMs: number;
  readonly #waking = new Map<CapsuleId, Promise<CapsuleFacts | undefined>>();

  constructor(parts: ReachParts) {
    this.#catalog = parts.catalog;
    this.#relays = parts.relays;
    this.#controlPlane = parts.controlPlane;
    this.#facts = parts.facts;
    this.#log = parts.log;
    this.#announceMs = parts.announceMs ?? usualAnnounceMs;
  }

  /** The way into one that runs on this machine and is open: no wait, and nobody is asked. */
  direct(id: CapsuleId): Reached | undefined {
    const passage = this.#catalog.passage(id);
    return passage?.isOpen === true ? passage : undefined;
  }

  /** Throws a `Refusal` for a capsule that cannot be reached, and the signal's reason. */
  async find(id: CapsuleId, signal: AbortSignal): Promise<Reached> {
    using limit = deadline(wakeMs, 'waiting for the capsule', signal);
    for (let round = 0; round < rounds; round++) {
      const passage = this.#catalog.passage(id);
      if (passage !== undefined) {
        if (await passage.ready(limit)) return passage;
        continue;
      }
      const elsewhere = await this.#elsewhere(id);
      if (elsewhere !== undefined) return elsewhere;
      // What is known of one that should be here and is not may be of before it was paused or destroyed.
      if (this.#facts.fresh(id)?.status === 'running') this.#facts.forget(id);
      const awake = await this.#awake(id, limit);
      if (awake !== undefined) return awake;
    }
    throw new Refusal('unavailable', 'the capsule cannot be reached at the moment', { remedy: 'try again' });
  }

  /** The same for one of which its host has just said that it does not run there. */
  async findAgain(id: CapsuleId, signal: AbortSignal): Promise<Reached> {
    using limit = deadline(wakeMs, 'waiting for the capsule', signal);
    this.#facts.forget(id);
    return (await this.#awake(id, limit)) ?? (await this.find(id, limit));
  }

  /** By the relay of another machine. */
  async #elsewhere(id: CapsuleId): Promise<Reached | undefined> {
    const facts = await this.#facts.of(id);
    return facts?.status === 'running' ? await this.#relays.to(id, facts) : undefined;
  }

  /** Once it runs, wherever that is. */
  async #awake(id: CapsuleId, signal: AbortSignal): Promise<Reached | undefined> {
    requireWakeable(await this.#facts.of(id));
    await this.#wake(id, signal);
    const elsewhere = await this.#elsewhere(id);
    if (elsewhere !== undefined) return elsewhere;
    const passage = await this.#announced(id, signal);
    return passage !== undefined && (await passage.ready(signal)) ? passage : undefined;
  }

  /** All who wait for one capsule share the question; one of them that goes away does not take it back. */
  async #wake(id: CapsuleId, signal: AbortSignal): Promise<void> {
    // Nothing is woken for one who has gone away meanwhile.
    signal.throwIfAborted();
    let waking = this.#waking.get(id);
    if (waking === undefined) {
      const asked = this.#controlPlane.wake(id, AbortSignal.timeout(wakeMs));
      waking = asked.finally(() => this.#waking.delete(id));
      this.#waking.set(id, waking);
    }
    try {
      this.#facts.put(id, await abortable(waking, signal));
    } catch (thrown) {
      signal.throwIfAborted();
      this.#facts.forget(id);
      throw wakeRefusal(thrown);
    }
  }

  async #announced(id: CapsuleId, signal: AbortSignal): Promise<Passage | undefined> {
    using limit = deadline(this.#announceMs, 'waiting for the host to say that the capsule runs', signal);
    try {
      for (;;) {
        const passage = this.#catalog.passage(id);
        if (passage !== undefined) return passage;
        await this.#catalog.change(limit);
      }
    } catch (thrown) {
      signal.throwIfAborted();
      this.#log.warn({ capsule: id, cause: describeError(thrown) }, 'a capsule that runs is not here');
      return undefined;
    }
  }
}

/** Throws for a capsule that no request can wake. */
function requireWakeable(facts: CapsuleFacts | undefined): void {
  switch (facts?.status) {
    case undefined:
    case 'stopped':
      throw new Refusal('not_found', 'there is no such capsule, or not any more');
    case 'paused':
      if (facts.autoResume) return;
      throw new Refusal('not_running', 'the capsule is paused', {
        remedy: 'resume it, or make capsules with auto_resume',
      });
    case 'error':
      throw new Refusal('not_running', 'the capsule is in error and cannot run any more');
    default:
  }
}

function wakeRefusal(thrown: unknown): Refusal {
  const error = WrennError.from(thrown, 'waking the capsule');
  return error.code === 'invalid_state'
    ? new Refusal('not_running', 'the capsule does not run', { cause: thrown })
    : new Refusal('unavailable', 'the capsule cannot be reached at the moment', {
        cause: thrown,
        remedy: 'try again',
      });
}
