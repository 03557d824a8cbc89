import { abortable, type CapsuleId, deadline, describeError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { CapsuleFacts } from './facts.ts';

/** Facts this old are asked for again while they are still used, so that nobody waits for them on a busy port. */
const refreshAfterMs = 5_000;
/** The longest that a change of access may take to be obeyed. */
const freshMs = 10_000;
/** Of those that do not run less is known for less long: they may be resumed, or made, at any moment. */
const restingMs = 1_000;
/** While the control plane does not answer, what it said last holds this long. */
const staleMs = 120_000;
/** The longest that a request waits for an answer where what is known would do. */
const patienceMs = 1_000;
const mostEntries = 20_000;

interface Entry {
  readonly facts: CapsuleFacts | undefined;
  readonly atMs: number;
  /** The control plane was asked since, and has not answered in time. */
  isUnanswered: boolean;
}

interface Question {
  readonly answer: Promise<CapsuleFacts | undefined>;
  readonly atMs: number;
}

/** What the control plane says of capsules, kept for a short while. `now` is in milliseconds. */
export class FactsCache {
  readonly #ask: (id: CapsuleId) => Promise<CapsuleFacts | undefined>;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #entries = new Map<CapsuleId, Entry>();
  readonly #asking = new Map<CapsuleId, Question>();

  constructor(
    ask: (id: CapsuleId) => Promise<CapsuleFacts | undefined>,
    log: Logger,
    now: () => number = () => performance.now(),
  ) {
    this.#ask = ask;
    this.#log = log;
    this.#now = now;
  }

  /** Those that are fresh, without a wait: the usual case on a busy port. */
  fresh(id: CapsuleId): CapsuleFacts | undefined {
    const entry = this.#entries.get(id);
    if (entry?.facts === undefined) return undefined;
    const ageMs = this.#now() - entry.atMs;
    if (ageMs > (entry.facts.status === 'running' ? freshMs : restingMs)) return undefined;
    if (ageMs > refreshAfterMs) this.#refresh(id).answer.catch(() => undefined);
    return entry.facts;
  }

  /** Undefined: there is no such capsule. Throws when the control plane does not answer and nothing is known. */
  async of(id: CapsuleId): Promise<CapsuleFacts | undefined> {
    const known = this.fresh(id);
    if (known !== undefined) return known;
    const entry = this.#entries.get(id);
    const ageMs = entry === undefined ? Number.POSITIVE_INFINITY : this.#now() - entry.atMs;
    if (entry !== undefined && entry.facts === undefined && ageMs < restingMs) return undefined;
    const question = this.#refresh(id);
    if (entry?.facts === undefined || ageMs > staleMs) return await question.answer;
    const patience = entry.isUnanswered ? 0 : Math.max(0, question.atMs + patienceMs - this.#now());
    using limit = deadline(patience, 'asking the control plane for a capsule');
    try {
      return await abortable(question.answer, limit);
    } catch {
      // Why is in the log, once for each question. Who comes next does not wait at all.
      entry.isUnanswered = true;
      return entry.facts;
    }
  }

  /** What was just heard by another way. */
  put(id: CapsuleId, facts: CapsuleFacts | undefined): void {
    // The oldest is at the front, since each that is put goes to the end.
    this.#entries.delete(id);
    this.#entries.set(id, { facts, atMs: this.#now(), isUnanswered: false });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > mostEntries && oldest !== undefined) this.#entries.delete(oldest);
  }

  forget(id: CapsuleId): void {
    this.#entries.delete(id);
  }

  /** One question at a time for each capsule, whoever asks. */
  #refresh(id: CapsuleId): Question {
    const known = this.#asking.get(id);
    if (known !== undefined) return known;
    const answer = this.#answer(id);
    const question = { answer, atMs: this.#now() };
    this.#asking.set(id, question);
    return question;
  }

  async #answer(id: CapsuleId): Promise<CapsuleFacts | undefined> {
    try {
      const facts = await this.#ask(id);
      this.put(id, facts);
      return facts;
    } catch (thrown) {
      this.#log.warn({ capsule: id, cause: describeError(thrown) }, 'asking the control plane for a capsule');
      throw thrown;
    } finally {
      this.#asking.delete(id);
    }
  }
}
