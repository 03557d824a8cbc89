import type { CapsuleAction, CapsuleState } from '@wrenn/core';
import { type Actor, platformPart } from '../access/principal.ts';
import type { Asked } from '../capsules/asked.ts';
import type { CapsuleHappening } from '../capsules/store.ts';

/** What the row of a capsule said before the host monitor settled it. */
export interface Settled {
  readonly status: CapsuleState;
  /** Of one that was being made, which nobody knew to have ended. */
  readonly asked: Asked | undefined;
}

const actor: Actor = platformPart('host monitor');

/**
 * What the audit log says of a capsule whose state the host monitor found out; undefined where nothing has happened to
 * the capsule itself: its host was away, or a resume that had failed left it as it was.
 */
export function happeningOf(
  { status, asked }: Settled,
  action: CapsuleAction,
  reason: string | undefined,
): CapsuleHappening | undefined {
  if (asked !== undefined) return endOfMaking(asked, action, reason);
  const metadata = { from: status, ...(reason === undefined ? {} : { reason }) };
  switch (action) {
    case 'find':
      return status === 'missing' ? undefined : { what: 'capsule.resume', actor, metadata };
    case 'find_paused':
      if (status === 'starting') return undefined;
      return { what: 'capsule.pause', actor: platformPart('host'), metadata };
    case 'destroy':
      return { what: 'capsule.destroy', actor, status: 'warning', metadata };
    case 'fail':
      return { what: 'capsule.fail', actor, status: 'error', metadata };
    default:
      return undefined;
  }
}

/** By whoever asked for it: the process that made it has died, or its host did not answer it. */
function endOfMaking(asked: Asked, action: CapsuleAction, reason: string | undefined): CapsuleHappening {
  const isMade = action === 'find' || action === 'find_paused';
  if (isMade) return asked;
  const metadata = { ...asked.metadata, code: 'agent_error', ...(reason === undefined ? {} : { reason }) };
  return { ...asked, status: 'error', metadata };
}
