import { uuidFromId, WrennError, zeroId } from '@wrenn/core';
import type { Doer } from '../access/principal.ts';
import type { Audited } from '../audit/audited.ts';
import type { Queryable } from '../db/database.ts';
import { lockOwnFamily } from './find-family.ts';
import { keepingBases } from './in-use.ts';
import { nameTaken, refuseReserved } from './store.ts';
import type { FamilyKey } from './versions.ts';

/** Gives a template another name. One that it has already stays; one of another template is not taken from that. */
export async function addAlias(
  { database, recorder }: Audited,
  { teamId, actor }: Doer,
  text: string,
  alias: string,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const family = await lockOwnFamily(transaction, teamId, text);
    if (await hasAlias(transaction, family, alias)) return;
    if (teamId !== zeroId('team')) await refuseReserved(transaction, alias);
    const added = await transaction
      .insertInto('template_names')
      .values({ team_id: uuidFromId(teamId), name: alias, alias_of: family.name })
      .onConflict((conflict) => conflict.doNothing())
      .returning('name')
      .executeTakeFirst();
    if (added === undefined) throw nameTaken(alias);
    const metadata = { name: family.name, alias };
    await recorder.record(transaction, { teamId, actor, what: 'template.alias', metadata });
  });
}

/** From now on the alias is nobody's. */
export async function removeAlias(
  { database, recorder }: Audited,
  { teamId, actor }: Doer,
  text: string,
  alias: string,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const family = await lockOwnFamily(transaction, teamId, text);
    if (!(await hasAlias(transaction, family, alias))) {
      throw new WrennError('not_found', `${alias} is no alias of ${family.name}`, { field: 'alias' });
    }
    await keepingBases(transaction, family, () =>
      transaction
        .deleteFrom('template_names')
        .where('team_id', '=', family.teamUuid)
        .where('name', '=', alias)
        .execute(),
    );
    const metadata = { name: family.name, alias };
    await recorder.record(transaction, { teamId, actor, what: 'template.unalias', metadata });
  });
}

async function hasAlias(transaction: Queryable, family: FamilyKey, alias: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('template_names')
    .select('name')
    .where('team_id', '=', family.teamUuid)
    .where('name', '=', alias)
    .where('alias_of', '=', family.name)
    .executeTakeFirst();
  return row !== undefined;
}
