import {
  atMost,
  type CapsuleId,
  describeError,
  idFromUuid,
  type TeamId,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import { sql } from 'kysely';
import type { Actor, Doer } from '../access/principal.ts';
import type { Happening } from '../audit/happening.ts';
import { destroyCapsule } from '../capsules/destroy.ts';
import { transition } from '../capsules/store.ts';
import type { Queryable } from '../db/database.ts';
import { lockInTransaction } from '../db/locks.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteOnHost } from '../snapshots/delete.ts';
import { markTeamDeleted } from '../templates/store.ts';
import type { Template } from '../templates/template.ts';

/** Hosts are asked about so many things at once. */
const atOnce = 8;

/** What of a team is still on hosts when it is gone from the database. */
export interface TeamRemains {
  readonly teamId: TeamId;
  readonly capsules: readonly CapsuleId[];
  readonly templates: readonly Template[];
}

/**
 * Ends a team in the database: from the end of the transaction on nobody acts for it, and its keys, channels,
 * invitations and templates are gone. The row stays, as its audit log does. The caller has locked the team, has asked
 * whether it may be done, records `team.delete` last, and gives what this returns to `removeRemains` afterwards.
 */
export async function endTeam(transaction: Queryable, teamId: TeamId): Promise<TeamRemains> {
  const team = uuidFromId(teamId);
  // What is made of the team after this finds it gone; what was made before is among the rows below.
  await lockInTransaction(transaction, 'placement');
  await transaction.updateTable('teams').set({ deleted_at: sql`now()` }).where('id', '=', team).execute();
  await transaction.deleteFrom('api_keys').where('team_id', '=', team).execute();
  await transaction.deleteFrom('channels').where('team_id', '=', team).execute();
  await transaction.deleteFrom('invitations').where('team_id', '=', team).execute();
  await transaction
    .updateTable('memberships')
    .set({ is_default: false })
    .where('team_id', '=', team)
    .execute();
  const templates = await markTeamDeleted(transaction, teamId);
  const rows = await transaction
    .selectFrom('capsules')
    .select('id')
    .where('team_id', '=', team)
    .where('status', '!=', 'stopped')
    .execute();
  return { teamId, capsules: rows.map(({ id }) => idFromUuid('capsule', id)), templates };
}

/** Who deletes a team, and what else is written down of it. */
export interface TeamEnding {
  readonly teamId: TeamId;
  readonly actor: Actor;
  readonly alsoRecord?: readonly Happening[];
}

/** Ends a team for good. `authorize` locks it, and throws where it may not be done. */
export async function deleteTeam(
  context: ServerContext,
  { teamId, actor, alsoRecord = [] }: TeamEnding,
  authorize: (transaction: Queryable) => Promise<void>,
): Promise<void> {
  const remains = await context.database.transaction().execute(async (transaction) => {
    await authorize(transaction);
    const ended = await endTeam(transaction, teamId);
    const what = { teamId, actor, what: 'team.delete', resourceId: teamId } as const;
    await context.recorder.record(transaction, what, ...alsoRecord);
    return ended;
  });
  await context.operations.run(() => removeRemains(context, { ...remains, actor }));
}

/** Destroys what hosts still have of a team. What one does not do now, the host monitor does when it is there. */
export async function removeRemains(context: ServerContext, remains: TeamRemains & Doer): Promise<void> {
  await atMost(atOnce, remains.capsules, (id) => destroyOrClose(context, remains, id));
  await atMost(atOnce, remains.templates, (template) => deleteOnHost(context, template));
}

/** A machine whose row is closed is a stranger, which the host monitor destroys. */
async function destroyOrClose(context: ServerContext, doer: Doer, id: CapsuleId): Promise<void> {
  try {
    await destroyCapsule(context, doer, id);
  } catch (thrown) {
    context.log.warn({ capsule: id, cause: describeError(thrown) }, 'destroy is left to the host monitor');
    const happening = { what: 'capsule.destroy', actor: doer.actor, status: 'warning' } as const;
    await transition(context, { id, action: 'destroy', happening }).catch((failed: unknown) => {
      if (!(failed instanceof WrennError && failed.code === 'invalid_state')) throw failed;
    });
  }
}
