import type { Change } from './changes.ts';
import type { Observed } from './model.ts';

/** How one request is made. */
export interface Call {
  readonly signal?: AbortSignal;
  /** Two requests with one key are one. */
  readonly key?: string;
}

export interface Copies {
  readonly ids: readonly string[];
  /** Codes of those that were not started. */
  readonly failed: readonly string[];
}

/** What is under test: an installation with capsules, at its interface for users. Refusals are SubjectErrors. */
export interface Subject {
  create(template: string | undefined, call: Call): Promise<string>;
  pause(id: string, call: Call): Promise<void>;
  resume(id: string, call: Call): Promise<void>;
  fork(id: string, count: number, call: Call): Promise<Copies>;
  checkpoint(id: string, name: string, call: Call): Promise<void>;
  snapshot(id: string, name: string, call: Call): Promise<void>;
  destroy(id: string, call: Call): Promise<void>;
  deleteSnapshot(name: string, call: Call): Promise<void>;
  /** `absent` when there is no such capsule any more. */
  status(id: string): Promise<string>;
  /** Of all capsules that are not stopped. */
  capsules(): Promise<ReadonlyMap<string, string>>;
  /** Names, without those of the platform. */
  snapshots(): Promise<readonly string[]>;
  change(id: string, number: number, change: Change, call: Call): Promise<void>;
  /** Refuses all changes up to this number from now on; returns when none of them is under way. */
  fence(id: string, number: number): Promise<void>;
  observe(id: string, from: 'memory' | 'disk'): Promise<Observed>;
}

/** The one who breaks things. */
export interface Saboteur {
  /** Undefined when there was nothing to break. */
  strike(fault: Strike): Promise<'hit' | 'missed'>;
  /** When whatever was broken serves again. */
  recovered(): Promise<void>;
  fillDisk(): Promise<void>;
  freeDisk(): Promise<void>;
  /** What differs on the disk of a capsule whose machine was killed from what had been flushed. */
  inspectDisk(id: string, expected: ReadonlyMap<string, string | undefined>): Promise<string[]>;
}

export type Strike =
  | { readonly kind: 'kill agent' }
  | { readonly kind: 'kill control plane' }
  | { readonly kind: 'kill machine'; readonly id: string };

export class SubjectError extends Error {
  override readonly name = 'SubjectError';
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, again: 'retryable' | 'final') {
    super(message);
    this.code = code;
    this.retryable = again === 'retryable';
  }
}
