import type { ConformanceHost, Need } from './subject.ts';

/** Something that the engine interface promises; `name` is a sentence. */
export interface EnginePromise {
  readonly name: string;
  readonly needs?: Need;
  /** Throws when it is not kept. All machines that it starts have ended when it returns. */
  check(host: ConformanceHost): Promise<void>;
}

export const never = new AbortController().signal;
