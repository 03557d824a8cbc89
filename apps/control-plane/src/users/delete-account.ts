import { idFromUuid, type TeamId, type UserId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import { unauthorized } from '../access/authenticate.ts';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';
import { revokeKeysOf } from '../keys/team-keys.ts';
import type { ServerContext } from '../server-context.ts';
import { endTeam, removeRemains, type TeamRemains } from '../teams/delete-team.ts';
import { lockTeam } from '../teams/membership.ts';
import { accountDeletedMail } from './mails.ts';
import { lockUser } from './store.ts';

/** After so long all that is personal of a deleted account is removed. */
export const graceDays = 15;

/**
 * Deletes the user's account, with the teams that are theirs alone and the keys that they made. Its address can be used again
 * at once; its row stays for the time of grace.
 */
export async function deleteAccount(
  context: ServerContext,
  principal: UserPrincipal,
  confirmation: string,
): Promise<void> {
  if (confirmation.trim().toLowerCase() !== principal.email) {
    throw new WrennError('invalid_request', 'confirmation: is not the address of the account', {
      field: 'confirmation',
    });
  }
  const { database, operations } = context;
  const remains = await database
    .transaction()
    .execute(async (transaction) => await end(context, transaction, principal));
  await operations.run(async () => {
    for (const each of remains) await removeRemains(context, { ...each, actor: actorOf(principal) });
  });
}

async function end(
  { mailer, recorder }: ServerContext,
  transaction: Queryable,
  principal: UserPrincipal,
): Promise<TeamRemains[]> {
  const { userId } = principal;
  const actor = actorOf(principal);
  const user = await lockUser(transaction, userId);
  if (user === undefined) throw unauthorized('the account is gone');
  const teams = await lockOwnedTeams(transaction, userId);
  const keys = await revokeKeysOf(transaction, userId, actor);
  const remains: TeamRemains[] = [];
  for (const teamId of teams) remains.push(await endTeam(transaction, teamId));
  await forgetSignIns(transaction, userId);
  await mailer.send(transaction, accountDeletedMail(user, graceDays));
  const ended = teams.map((teamId) => ({ teamId, actor, what: 'team.delete', resourceId: teamId }) as const);
  await recorder.record(transaction, ...keys, ...ended, {
    teamId: platformTeam,
    actor,
    what: 'user.delete',
    resourceId: userId,
    metadata: { teams: teams.length, keys: keys.length },
    personal: { email: user.email },
  });
  return remains;
}

/** The teams that the user owns alone. Throws where others are in one. */
async function lockOwnedTeams(transaction: Queryable, userId: UserId): Promise<TeamId[]> {
  const owned = await transaction
    .selectFrom('memberships as member')
    .innerJoin('teams as team', 'team.id', 'member.team_id')
    .where('member.user_id', '=', uuidFromId(userId))
    .where('member.role', '=', 'owner')
    .where('team.deleted_at', 'is', null)
    .orderBy('team.id')
    .select('team.id')
    .execute();
  const teams = owned.map(({ id }) => idFromUuid('team', id));
  for (const teamId of teams) await lockTeam(transaction, teamId);
  if (owned.length === 0) return [];
  const shared = await transaction
    .selectFrom('memberships as member')
    .innerJoin('teams as team', 'team.id', 'member.team_id')
    .where('member.team_id', 'in', teams.map(uuidFromId))
    .where('member.user_id', '<>', uuidFromId(userId))
    .select('team.name')
    .distinct()
    .execute();
  if (shared.length === 0) return teams;
  throw new WrennError(
    'owns_team_with_members',
    `you own teams with other members: ${shared.map(({ name }) => name).join(', ')}`,
    { remedy: 'transfer or delete these teams, or remove their members' },
  );
}

/** From now on nobody signs in to the account, and whoever has its address can make a new one. */
async function forgetSignIns(transaction: Queryable, userId: UserId): Promise<void> {
  const id = uuidFromId(userId);
  await transaction.deleteFrom('memberships').where('user_id', '=', id).execute();
  await transaction.deleteFrom('sessions').where('user_id', '=', id).execute();
  await transaction.deleteFrom('one_time_tokens').where('user_id', '=', id).execute();
  await transaction.deleteFrom('identities').where('user_id', '=', id).execute();
  await transaction
    .updateTable('users')
    .set({
      status: 'deleted',
      deleted_at: sql`now()`,
      password_hash: null,
      is_admin: false,
      updated_at: sql`now()`,
    })
    .where('id', '=', id)
    .execute();
}
