import {
  type CapsuleId,
  type ErrorCode,
  errorCodes,
  type JobId,
  type OperationId,
  type TeamId,
} from '@wrenn/core';
import { z } from 'zod';
import type { Actor } from '../access/principal.ts';

export interface OperationStep {
  readonly name: string;
  readonly durationMs: number;
}

export type Receipt = Readonly<Record<string, unknown>>;

/** What an operation says of itself when it is over. */
export interface Report {
  readonly startedAt: Date;
  /** What its time went to, in order. */
  readonly steps: readonly OperationStep[];
  /** How long the capsule stood still. */
  readonly stillMs?: number | undefined;
  /** What the guest says was fixed in it. */
  readonly receipt?: Receipt | undefined;
  /** Undefined for what succeeded. */
  readonly failure?: { readonly code: ErrorCode; readonly message: string } | undefined;
}

/** Something that was done with a capsule, by whom, and what came of it. */
export interface Operation extends Report {
  readonly capsuleId: CapsuleId;
  readonly teamId: TeamId;
  /** `create`, `pause`, … */
  readonly kind: string;
  readonly actor: Actor;
  readonly jobId?: JobId | undefined;
  readonly finishedAt: Date;
}

export interface StoredOperation extends Operation {
  readonly id: OperationId;
}

const receipt = z.record(z.string(), z.unknown());

/** What the guest said, as far as it can be read. */
export function parseReceipt(text: string): Receipt {
  try {
    return receipt.catch({}).parse(JSON.parse(text));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return {};
    throw thrown;
  }
}

export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(errorCodes, text);
}
