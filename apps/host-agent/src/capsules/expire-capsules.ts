import { type CapsuleId, describeError, WrennError } from '@wrenn/core';
import type { RunningCapsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { pauseCapsuleIf } from './pause-capsule.ts';

/** Pauses the capsule if `condition` holds when its turn comes. */
export type PauseIf = (
  id: CapsuleId,
  condition: (capsule: RunningCapsule) => boolean,
  signal: AbortSignal,
) => Promise<unknown>;

/** The only cost of a shorter one is the look; a capsule outstays its timeout by this at most, while there is room. */
const lookEveryMs = 1_000;
/** Pauses write whole memories: more at once only take longer each. */
const pausedAtOnce = 4;
const firstBackOffMs = 5_000;
const longestBackOffMs = 300_000;

/** Whether nobody has used it for as long as it may stand unused. */
function isExpired({ record, activity }: Pick<RunningCapsule, 'record' | 'activity'>): boolean {
  return record.timeoutSec > 0 && activity.idleMs() >= record.timeoutSec * 1000;
}

/**
 * Pauses capsules that nobody uses, until the signal aborts; returns when what it began has ended. One that cannot be
 * paused goes on running, and is tried again later and later: nothing is ever destroyed here.
 */
export function expireCapsules(context: CapsuleContext, signal: AbortSignal): Promise<void> {
  const pause: PauseIf = (id, condition, until) => pauseCapsuleIf(context, id, 'host', until, condition);
  return expireWith(context, pause, signal);
}

/** The same with any way to pause one. */
export async function expireWith(
  context: Pick<CapsuleContext, 'capsules' | 'log'>,
  pause: PauseIf,
  signal: AbortSignal,
): Promise<void> {
  const expiry = new Expiry(context, (id) => pause(id, isExpired, signal), signal);
  const aborted = Promise.withResolvers<void>();
  const stop = () => aborted.resolve();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const looking = setInterval(() => expiry.look(), lookEveryMs);
  await aborted.promise;
  clearInterval(looking);
  await expiry.idle();
}

interface BackOff {
  readonly untilMs: number;
  readonly pauseMs: number;
}

class Expiry {
  readonly #context: Pick<CapsuleContext, 'capsules' | 'log'>;
  readonly #pause: (id: CapsuleId) => Promise<unknown>;
  readonly #signal: AbortSignal;
  readonly #underWay = new Map<CapsuleId, Promise<void>>();
  /** By the object: a capsule that was paused in the end and is back is another one. */
  readonly #backOff = new WeakMap<RunningCapsule, BackOff>();

  constructor(
    context: Pick<CapsuleContext, 'capsules' | 'log'>,
    pause: (id: CapsuleId) => Promise<unknown>,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#pause = pause;
    this.#signal = signal;
  }

  /** Begins to pause what is due, as far as there is room. */
  look(): void {
    for (const capsule of this.#due().slice(0, pausedAtOnce - this.#underWay.size)) {
      this.#underWay.set(
        capsule.id,
        this.#settle(capsule).finally(() => this.#underWay.delete(capsule.id)),
      );
    }
  }

  /** Settles when no pause is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** Those that were unused longest come first, so that none waits for ever where there is never room for all. */
  #due(): RunningCapsule[] {
    const now = performance.now();
    return [...this.#context.capsules.values()]
      .filter((capsule) => capsule.kind === 'running')
      .filter(
        (capsule) =>
          isExpired(capsule) &&
          !this.#underWay.has(capsule.id) &&
          (this.#backOff.get(capsule)?.untilMs ?? 0) <= now,
      )
      .toSorted((a, b) => b.activity.idleMs() - a.activity.idleMs());
  }

  async #settle(capsule: RunningCapsule): Promise<void> {
    const { log } = this.#context;
    try {
      await this.#pause(capsule.id);
      // Paused, or in use again: either way the next fault is the first.
      this.#backOff.delete(capsule);
    } catch (thrown) {
      if (this.#signal.aborted) return;
      const { code } = WrennError.from(thrown);
      // Destroyed, or failed, or paused by its user while this waited for its turn.
      if (code === 'not_found' || this.#context.capsules.get(capsule.id) !== capsule) return;
      const pauseMs = Math.min(
        (this.#backOff.get(capsule)?.pauseMs ?? firstBackOffMs / 2) * 2,
        longestBackOffMs,
      );
      this.#backOff.set(capsule, { untilMs: performance.now() + pauseMs, pauseMs });
      log.warn(
        { capsule: capsule.id, code, againInMs: pauseMs, cause: describeError(thrown) },
        'pausing a capsule that nobody uses',
      );
    }
  }
}
