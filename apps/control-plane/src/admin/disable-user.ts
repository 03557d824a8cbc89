import { type CapsuleId, idFromUuid, type TeamId, type UserId, uuidFromId, WrennError } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';
import { revokeKeysOf } from '../keys/team-keys.ts';
import type { ServerContext } from '../server-context.ts';
import { removeRemains } from '../teams/delete-team.ts';
import { revokeSessions } from '../users/login-sessions.ts';
import { voidTokens } from '../users/one-time-tokens.ts';
import { lockUser, updateUser } from '../users/store.ts';
import { lockAdministrators, refuseOneself } from './administrators.ts';
import { onPlatform } from './platform.ts';

/**
 * Shuts somebody out: their sessions are over, the keys that they made are revoked, and the capsules of teams that they
 * own are destroyed. Their teams and what else is in them stay.
 */
export async function disableUser(
  context: ServerContext,
  caller: UserPrincipal,
  userId: UserId,
): Promise<void> {
  refuseOneself(caller, userId);
  const actor = actorOf(caller);
  const capsules = await context.database
    .transaction()
    .execute(async (transaction) => await shutOut(context, transaction, caller, userId));
  await context.operations.run(async () => {
    for (const [teamId, ofTeam] of capsules) {
      await removeRemains(context, { teamId, actor, capsules: ofTeam, templates: [] });
    }
  });
}

type CapsulesByTeam = ReadonlyMap<TeamId, readonly CapsuleId[]>;

async function shutOut(
  { recorder }: ServerContext,
  transaction: Queryable,
  caller: UserPrincipal,
  userId: UserId,
): Promise<CapsulesByTeam> {
  await lockAdministrators(transaction, caller);
  const user = await lockUser(transaction, userId);
  if (user === undefined) throw new WrennError('not_found', `no user ${userId}`);
  if (user.status === 'disabled') return new Map();
  await updateUser(transaction, userId, { status: 'disabled' });
  const sessions = await revokeSessions(transaction, userId, 'all');
  await voidTokens(transaction, userId, ['activation', 'password_reset']);
  const actor = actorOf(caller);
  const keys = await revokeKeysOf(transaction, userId, actor);
  const capsules = await capsulesOfOwner(transaction, userId);
  const happening = onPlatform(actor, {
    what: 'user.deactivate',
    resourceId: userId,
    metadata: { sessions, keys: keys.length, capsules: [...capsules.values()].flat().length },
    personal: { email: user.email },
  });
  await recorder.record(transaction, ...keys, happening);
  return capsules;
}

async function capsulesOfOwner(database: Queryable, userId: UserId): Promise<CapsulesByTeam> {
  const rows = await database
    .selectFrom('capsules as capsule')
    .innerJoin('memberships as member', 'member.team_id', 'capsule.team_id')
    .where('member.user_id', '=', uuidFromId(userId))
    .where('member.role', '=', 'owner')
    .where('capsule.status', 'not in', ['stopped', 'error'])
    .select(['capsule.id', 'capsule.team_id'])
    .execute();
  const byTeam = Map.groupBy(rows, (row) => idFromUuid('team', row.team_id));
  return new Map(
    [...byTeam].map(([teamId, found]) => [teamId, found.map(({ id }) => idFromUuid('capsule', id))]),
  );
}
