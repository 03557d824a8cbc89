import type { CapsuleId } from '@wrenn/core';
import type { ForwardFault } from '@wrenn/forward';

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

/** `status` for most; E2B's clients are told by 502 of a capsule that is not there, and take it for its end. */
export const refusals: Readonly<
  Record<RefusalKind, { readonly status: number; readonly e2bStatus?: number }>
> = {
  bad_request: { status: 400 },
  no_capsule_named: { status: 404 },
  no_such_path: { status: 404 },
  not_found: { status: 404, e2bStatus: 502 },
  not_running: { status: 409, e2bStatus: 502 },
  forbidden: { status: 403 },
  port_closed: { status: 502 },
  unreachable: { status: 502 },
  bad_answer: { status: 502 },
  too_many: { status: 503 },
  unavailable: { status: 503 },
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
const portClosed = 'The sandbox is running but port is not open';

export interface RefusedTarget {
  readonly capsuleId: CapsuleId;
  readonly port: number;
  readonly speaksE2b: boolean;
}

/** A request that was on its way to a port and did not arrive, or came back as something that is no answer. */
export function faultRefusal(fault: ForwardFault): Refusal {
  switch (fault.kind) {
    case 'closed':
      return new Refusal('port_closed', portClosed, {
        cause: fault,
        remedy:
          'start a program that listens on the port; it is tried again within a few hundred milliseconds',
      });
    case 'unreachable':
      return new Refusal('unreachable', 'the capsule does not answer', { cause: fault, remedy: 'try again' });
    case 'absent':
      return new Refusal('unavailable', 'the capsule is on its way to another state', {
        cause: fault,
        remedy: 'try again',
      });
    case 'broken':
      return new Refusal('bad_answer', 'the program in the capsule closed the connection without an answer', {
        cause: fault,
      });
    case 'unspeakable':
      return new Refusal('bad_answer', 'the program in the capsule does not speak HTTP as it should', {
        cause: fault,
      });
  }
}
