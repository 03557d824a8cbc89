import { type TeamId, zeroId } from '@wrenn/core';
import type { Actor } from '../access/principal.ts';
import type { AuditStatus } from '../db/schema.ts';
import type { AuditAction, AuditActionName } from './actions.ts';

/** The team in whose log the platform's own affairs are. */
export const platformTeam: TeamId = zeroId('team');

/** Something that was done, or refused. */
export interface Happening {
  readonly teamId: TeamId;
  readonly actor: Actor;
  readonly what: AuditActionName | AuditAction;
  /** The public ID of what it was done to. */
  readonly resourceId?: string | undefined;
  readonly status?: AuditStatus;
  /** For whoever reads the log, and for channels; nothing personal, no secret. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Names and addresses of people: forgotten when their account is. */
  readonly personal?: Readonly<Record<string, string>>;
}
