import { type CapsuleId, deadline, describeError } from '@wrenn/core';
import type { RunningCapsule } from '../capsules/capsule.ts';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { CpuMeter } from './cpu-meter.ts';
import { readGuestAnswer } from './guest-answer.ts';

/** Asks the guest of a capsule what it uses. */
export type Ask = (capsule: RunningCapsule, signal: AbortSignal) => Promise<string>;

type Sampled = Pick<CapsuleContext, 'capsules' | 'log' | 'metrics'>;

const lookEveryMs = 1_000;
/** Each is work for a guest: more at once only take longer each. */
const atOnce = 16;
/** A guest is done in a moment; one that is not leaves a gap. */
const answerMs = 5_000;
/** From where a processor's time begins to be counted to the first sample. */
const firstMs = 2_000;
/** Whoever is silent takes a place from others, and is asked less and less often. */
const longestBackOffMs = 60_000;

/**
 * Notes what each running capsule uses, until the signal aborts; returns when that is written. One that is about to be
 * paused or copied is left alone, and no sample counts as a use of its capsule.
 */
export function sampleCapsules(context: Sampled, intervalMs: number, signal: AbortSignal): Promise<void> {
  return sampleWith(context, ({ guest }, until) => guest.sample(until), intervalMs, signal);
}

/** The same with any way to ask. */
export async function sampleWith(
  context: Sampled,
  ask: Ask,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  const sampler = new Sampler(context, ask, intervalMs, signal);
  const aborted = Promise.withResolvers<void>();
  const stop = () => aborted.resolve();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const looking = setInterval(() => sampler.look(), Math.min(lookEveryMs, intervalMs));
  await aborted.promise;
  clearInterval(looking);
  await sampler.idle();
  await context.metrics.save();
}

/** Of one machine: a capsule that was resumed has another. */
interface Watch {
  readonly cpu: CpuMeter;
  dueMs: number;
  /** How often in a row it did not answer. */
  silences: number;
}

class Sampler {
  readonly #context: Sampled;
  readonly #ask: Ask;
  readonly #intervalMs: number;
  readonly #signal: AbortSignal;
  readonly #underWay = new Map<CapsuleId, Promise<void>>();
  readonly #watches = new WeakMap<RunningCapsule, Watch>();

  constructor(context: Sampled, ask: Ask, intervalMs: number, signal: AbortSignal) {
    this.#context = context;
    this.#ask = ask;
    this.#intervalMs = intervalMs;
    this.#signal = signal;
  }

  /** Begins what is due, as far as there is room. */
  look(): void {
    const { capsules, metrics } = this.#context;
    for (const capsule of this.#due().slice(0, atOnce - this.#underWay.size)) {
      this.#underWay.set(
        capsule.id,
        this.#sample(capsule).finally(() => this.#underWay.delete(capsule.id)),
      );
    }
    metrics.tidy((id) => capsules.get(id)?.kind === 'running');
  }

  /** Settles when no sample is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** Those that are due longest come first, so that none waits for ever. */
  #due(): RunningCapsule[] {
    const now = performance.now();
    return [...this.#context.capsules.values()]
      .filter((capsule) => capsule.kind === 'running')
      .filter(
        (capsule) =>
          isLeftToItself(capsule) && !this.#underWay.has(capsule.id) && this.#watch(capsule).dueMs <= now,
      )
      .toSorted((a, b) => this.#watch(a).dueMs - this.#watch(b).dueMs);
  }

  #watch(capsule: RunningCapsule): Watch {
    const known = this.#watches.get(capsule);
    if (known !== undefined) return known;
    const watch = { cpu: new CpuMeter(), dueMs: performance.now(), silences: 0 };
    this.#watches.set(capsule, watch);
    return watch;
  }

  /** Never rejects. */
  async #sample(capsule: RunningCapsule): Promise<void> {
    const watch = this.#watch(capsule);
    try {
      using limit = deadline(answerMs, 'asking a guest what it uses', this.#signal);
      const text = await this.#ask(capsule, limit);
      const isFirst = await this.#note(capsule, watch, text);
      watch.silences = 0;
      watch.dueMs = nextDue(watch.dueMs, isFirst ? Math.min(firstMs, this.#intervalMs) : this.#intervalMs);
    } catch (thrown) {
      // No silence: it was given up for a copy of the guest, or because the capsule ends.
      if (this.#signal.aborted || !isLeftToItself(capsule)) return;
      const backOffMs = Math.min(this.#intervalMs * 2 ** watch.silences, longestBackOffMs);
      watch.silences = Math.min(watch.silences + 1, 10);
      watch.dueMs = performance.now() + Math.max(backOffMs, this.#intervalMs);
      this.#context.log.debug({ capsule: capsule.id, cause: describeError(thrown) }, 'a guest left a gap');
    }
  }

  /** Whether this was where its processors' time begins to be counted, of which there is nothing to note yet. */
  async #note(capsule: RunningCapsule, { cpu }: Watch, text: string): Promise<boolean> {
    const reading = readGuestAnswer(text, capsule.record);
    if (reading === undefined) throw new Error('the guest says what is no answer');
    const cpuPct = cpu.percentSince(reading.cpu);
    if (cpuPct === undefined) return true;
    // Destroyed, or paused, while this was on its way.
    if (this.#context.capsules.get(capsule.id) !== capsule) return false;
    const { memBytes, memTotalBytes, diskBytes, diskTotalBytes } = reading;
    const usage = { cpuPct, memBytes, memTotalBytes, diskBytes, diskTotalBytes };
    await this.#context.metrics.add(capsule.id, Date.now() / 1000, usage);
    return false;
  }
}

/** By the beat, which a late answer does not shift; what was missed is not made up for. */
function nextDue(dueMs: number, intervalMs: number): number {
  return Math.max(dueMs + intervalMs, performance.now() + intervalMs / 2);
}

/** Not about to be paused, copied or imaged, for which its guest has to be quiet. */
function isLeftToItself({ record }: RunningCapsule): boolean {
  return record.phase === 'running' && record.snapshot === undefined;
}
