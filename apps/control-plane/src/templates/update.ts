import type { Doer } from '../access/principal.ts';
import type { Audited } from '../audit/audited.ts';
import type { Visibility } from '../db/schema.ts';
import { findOwnFamily } from './find-family.ts';

/** Says who may use all versions of a team's template. */
export async function setVisibility(
  { database, recorder }: Audited,
  { teamId, actor }: Doer,
  text: string,
  visibility: Visibility,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const { teamUuid, name } = await findOwnFamily(transaction, teamId, text);
    const changed = await transaction
      .updateTable('template_names')
      .set({ visibility })
      .where('team_id', '=', teamUuid)
      .where('name', '=', name)
      .where('visibility', '!=', visibility)
      .returning('name')
      .executeTakeFirst();
    if (changed === undefined) return;
    const metadata = { name, visibility };
    await recorder.record(transaction, { teamId, actor, what: 'template.update', metadata });
  });
}
