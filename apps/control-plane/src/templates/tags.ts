import { idFromUuid, type TeamId, type TemplateId, WrennError } from '@wrenn/core';
import type { Doer } from '../access/principal.ts';
import type { Queryable } from '../db/database.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteOnHosts } from '../snapshots/delete.ts';
import { findFamily, lockOwnFamily } from './find-family.ts';
import { keepingBases } from './in-use.ts';
import { asSnapshotId, asTemplateId } from './names.ts';
import { findTemplate, templateFrom } from './store.ts';
import type { Template } from './template.ts';
import { dropUntagged, type FamilyKey, moveTags } from './versions.ts';

/** What `name:tag` is. */
export interface Tag {
  readonly tag: string;
  readonly templateId: TemplateId;
  readonly createdAt: Date;
}

/** The tags of a template that a team can use. */
export async function listTags(database: Queryable, teamId: TeamId, text: string): Promise<Tag[]> {
  return await tagsOf(database, await findFamily(database, teamId, text));
}

/** Has tags name the version that `from` names too. A version that has no tag for it any more is deleted. */
export async function addTags(
  context: ServerContext,
  { teamId, actor }: Doer,
  text: string,
  { tags, from }: { readonly tags: readonly string[]; readonly from: string },
): Promise<Tag[]> {
  const { database, recorder } = context;
  const [all, deleted] = await database.transaction().execute(async (transaction) => {
    const family = await lockOwnFamily(transaction, teamId, text);
    const isId = (asTemplateId(from) ?? asSnapshotId(from)) !== undefined;
    const version = await findTemplate(transaction, teamId, isId ? from : `${family.name}:${from}`, 'from');
    if (version.name !== family.name || version.teamId !== teamId) throw ofAnother(from, family);
    const unique = [...new Set(tags)];
    const move = () => moveTags(transaction, family, unique, version.id);
    const dropped = (await keepingBases(transaction, family, move)).map(templateFrom);
    const metadata = { name: family.name, tags: unique, deleted: dropped.map(({ id }) => id) };
    const what = { what: 'template.tag', resourceId: version.id, metadata } as const;
    await recorder.record(transaction, { teamId, actor, ...what });
    return [await tagsOf(transaction, family), dropped] as const;
  });
  await deleteOnHosts(context, deleted);
  return all;
}

/** Takes a tag away, and deletes the version that it named if no other tag does. The last tag of a template stays. */
export async function removeTag(
  context: ServerContext,
  { teamId, actor }: Doer,
  text: string,
  tag: string,
): Promise<void> {
  const { database, recorder } = context;
  const deleted = await database.transaction().execute(async (transaction) => {
    const family = await lockOwnFamily(transaction, teamId, text);
    const { version, dropped } = await keepingBases(transaction, family, () =>
      takeAway(transaction, family, tag),
    );
    const metadata = { name: family.name, tags: [tag], deleted: dropped.map(({ id }) => id) };
    const what = { what: 'template.untag', resourceId: version, metadata } as const;
    await recorder.record(transaction, { teamId, actor, ...what });
    return dropped;
  });
  await deleteOnHosts(context, deleted);
}

async function takeAway(
  transaction: Queryable,
  family: FamilyKey,
  tag: string,
): Promise<{ readonly version: TemplateId; readonly dropped: Template[] }> {
  const tags = await tagsOf(transaction, family);
  const named = tags.find((each) => each.tag === tag);
  if (named === undefined) {
    throw new WrennError('not_found', `no template ${family.name}:${tag}`, { field: 'tag' });
  }
  if (tags.length === 1) {
    throw new WrennError('conflict', `${family.name} has no other tag than ${tag}`, {
      field: 'tag',
      remedy: 'delete the template, or give it another tag first',
    });
  }
  await transaction
    .deleteFrom('template_tags')
    .where('team_id', '=', family.teamUuid)
    .where('name', '=', family.name)
    .where('tag', '=', tag)
    .execute();
  const dropped = await dropUntagged(transaction, family);
  return { version: named.templateId, dropped: dropped.map(templateFrom) };
}

async function tagsOf(database: Queryable, { teamUuid, name }: FamilyKey): Promise<Tag[]> {
  const rows = await database
    .selectFrom('template_tags')
    .select(['tag', 'template_id', 'created_at'])
    .where('team_id', '=', teamUuid)
    .where('name', '=', name)
    .orderBy('tag')
    .execute();
  return rows.map(({ tag, template_id: id, created_at: createdAt }) => {
    return { tag, templateId: idFromUuid('template', id), createdAt };
  });
}

function ofAnother(from: string, { name }: FamilyKey): WrennError {
  return new WrennError('invalid_request', `${from} is no version of ${name}`, { field: 'from' });
}
