import { type Secret, type TeamId, WrennError } from '@wrenn/core';
import type { z } from 'zod';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { lockMembership } from '../teams/membership.ts';
import type { createKeyBody } from './schemas.ts';
import { createKey } from './store.ts';
import { findTeamKey, refuseTooManyKeys, type TeamKey } from './team-keys.ts';

const dayMs = 86_400_000;

/** Makes a key of a team for one of its members. */
export async function issueKey(
  { database, recorder, limits }: ServerContext,
  user: UserPrincipal,
  teamId: TeamId,
  wanted: z.output<typeof createKeyBody>,
): Promise<{ readonly key: Secret; readonly made: TeamKey }> {
  await limits.take('keys-team', teamId);
  return await database.transaction().execute(async (transaction) => {
    await lockMembership(transaction, user.userId, teamId);
    await refuseTooManyKeys(transaction, teamId);
    const { name, scopes, shape } = wanted;
    const expiresAt = expiryOf(wanted);
    const { id, key } = await createKey(transaction, {
      teamId,
      name,
      scopes: [...new Set(scopes)],
      expiresAt,
      createdBy: user.userId,
      shape,
    });
    const made = await findTeamKey(transaction, teamId, id);
    if (made === undefined) throw new WrennError('internal_error', 'the new key is not there');
    await recorder.record(transaction, {
      teamId,
      actor: actorOf(user),
      what: 'api_key.create',
      resourceId: id,
      metadata: { name, scopes: made.scopes, ...(expiresAt && { expires_at: expiresAt.toISOString() }) },
    });
    return { key, made };
  });
}

function expiryOf({
  expires_at: at,
  expires_in_days: days,
}: z.output<typeof createKeyBody>): Date | undefined {
  if (days !== undefined) return new Date(Date.now() + days * dayMs);
  return at === undefined ? undefined : new Date(at);
}
