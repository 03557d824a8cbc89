import type { CapsuleId, TeamId } from '@wrenn/core';
import type { Happening } from '../audit/happening.ts';
import { isErrorCode, type Operation, type Report } from './operation.ts';

interface About {
  readonly capsuleId: CapsuleId;
  readonly teamId: TeamId;
}

/**
 * What the operations of a capsule have of something that the audit log has; undefined for the work of a job, which says
 * more of itself when it ends.
 */
export function operationOf(
  { capsuleId, teamId }: About,
  happening: Pick<Happening, 'what' | 'actor' | 'status' | 'metadata'>,
  report: Report | undefined,
): Operation | undefined {
  const { what, actor, status = 'success', metadata = {} } = happening;
  if (typeof what !== 'string' || !what.startsWith('capsule.') || 'job' in metadata) return undefined;
  const finishedAt = new Date();
  const code = metadata['code'];
  const failure =
    status === 'error' && report?.failure === undefined
      ? { code: isErrorCode(code) ? code : 'agent_error', message: String(metadata['reason'] ?? 'it failed') }
      : report?.failure;
  return {
    ...{ startedAt: finishedAt, steps: [], ...report },
    ...{ capsuleId, teamId, actor, finishedAt, failure },
    kind: what.slice('capsule.'.length),
  };
}
