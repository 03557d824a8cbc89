import { uuidFromId, WrennError, zeroId } from '@wrenn/core';
import type { Doer } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteOnHosts } from '../snapshots/delete.ts';
import { refuseOthers } from './family.ts';
import { lockOwnFamily } from './find-family.ts';
import { keepingBases } from './in-use.ts';
import { parseReference } from './reference.ts';
import { findTemplate, markDeleted, templateFrom } from './store.ts';
import type { Template } from './template.ts';
import { type FamilyKey, lockFamily } from './versions.ts';

/**
 * Deletes what is named: by a name alone the template with its versions, tags and aliases; by a tag or an ID one version.
 * Capsules and templates that were made from it stay whole.
 */
export async function deleteTemplate(context: ServerContext, doer: Doer, text: string): Promise<void> {
  const { database, recorder } = context;
  const { teamId, actor } = doer;
  const deleted = await database.transaction().execute(async (transaction) => {
    const versions = await dropNamed(transaction, doer, text);
    if (versions.some(({ id }) => id === zeroId('template'))) {
      throw new WrennError('forbidden', `${text} is a part of every installation`, { field: 'name' });
    }
    await recorder.record(
      transaction,
      ...versions.map(({ id, name }) => {
        return { teamId, actor, what: 'template.delete', resourceId: id, metadata: { name } } as const;
      }),
    );
    return versions;
  });
  await deleteOnHosts(context, deleted);
}

async function dropNamed(transaction: Queryable, { teamId }: Doer, text: string): Promise<Template[]> {
  const reference = parseReference(text);
  if (reference?.kind === 'name' && reference.tag === undefined) {
    const family = await lockOwnFamily(transaction, teamId, text);
    if (family.isAlias) throw isAlias(text, family.name);
    return await keepingBases(transaction, family, () => dropFamily(transaction, family));
  }
  const version = await findTemplate(transaction, teamId, text, 'name');
  refuseOthers(version.name, version.teamId, teamId);
  const family = { teamUuid: uuidFromId(teamId), name: version.name };
  await lockFamily(transaction, family);
  if (reference?.kind === 'name') await refuseOtherTags(transaction, version, reference.tag);
  const isMine = await keepingBases(transaction, family, () => markDeleted(transaction, version));
  return isMine ? [version] : [];
}

async function dropFamily(transaction: Queryable, family: FamilyKey): Promise<Template[]> {
  const rows = await transaction
    .updateTable('templates')
    .set(({ fn }) => ({ deleted_at: fn<Date>('now') }))
    .where('team_id', '=', family.teamUuid)
    .where('name', '=', family.name)
    .where('deleted_at', 'is', null)
    .where('layer_key', 'is', null)
    .returningAll()
    .execute();
  if (rows.some(({ ready_at: readyAt }) => readyAt === null)) {
    throw new WrennError('busy', `the template ${family.name} is still being made`, { remedy: 'try again' });
  }
  await transaction
    .deleteFrom('template_names')
    .where('team_id', '=', family.teamUuid)
    .where('name', '=', family.name)
    .execute();
  return rows.map(templateFrom);
}

/** Whoever deletes what one tag names need not know that others use it by another. */
async function refuseOtherTags(
  transaction: Queryable,
  { id, name }: Template,
  tag: string | undefined,
): Promise<void> {
  const rows = await transaction
    .selectFrom('template_tags')
    .select('tag')
    .where('template_id', '=', uuidFromId(id))
    .orderBy('tag')
    .execute();
  const others = rows.filter((row) => row.tag !== tag).map((row) => `${name}:${row.tag}`);
  if (others.length === 0) return;
  throw new WrennError('snapshot_in_use', `the same version is ${others.join(' and ')}`, {
    field: 'name',
    remedy: `take the tag away, or delete ${id}`,
  });
}

/** Nobody who tidies an alias away shall delete what it stands for. */
function isAlias(alias: string, name: string): WrennError {
  return new WrennError('snapshot_in_use', `${alias} is another name of the template ${name}`, {
    field: 'name',
    remedy: `take the alias away, or delete ${name}`,
  });
}
