import type { CapsuleId } from '@wrenn/core';

/** Why a request did not get to a port. */
export type RefusalKind =
  | 'bad_request'
  | 'no_capsule_named'
  | 'no_such_path'
  | 'not_found'
  | 'not_running'
  | 'forbidden'
  | 'port_closed'
  | 'unreachable'
  | 'bad_answer'
  | 'too_many'
  | 'unavailable';

interface Told {
  readonly status: number;
  /** E2B's clients are told by 502 of a capsule that is not there, and take it for its end. */
  readonly e2bStatus?: number;
  /** For what passes by itself. */
  readonly retryAfterSec?: number;
}

export const refusals: Readonly<Record<RefusalKind, Told>> = {
  bad_request: { status: 400 },
  no_capsule_named: { status: 404 },
  no_such_path: { status: 404 },
  not_found: { status: 404, e2bStatus: 502 },
  not_running: { status: 409, e2bStatus: 502 },
  forbidden: { status: 403 },
  port_closed: { status: 502 },
  unreachable: { status: 502 },
  bad_answer: { status: 502 },
  too_many: { status: 503, retryAfterSec: 1 },
  unavailable: { status: 503, retryAfterSec: 2 },
};

/** Thrown wherever a request cannot go on, and answered in one place. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly kind: RefusalKind;
  readonly remedy: string | undefined;

  constructor(kind: RefusalKind, message: string, details: { remedy?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.remedy = details.remedy;
  }
}

/** What E2B's clients look for in the place of a capsule that is gone, or stands still. */
export const e2bNotFound = 'The sandbox was not found';

export interface RefusedTarget {
  readonly capsuleId: CapsuleId;
  readonly port: number;
  readonly speaksE2b: boolean;
}
