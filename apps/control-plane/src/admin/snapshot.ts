import { parseId, type SnapshotId, uuidFromId, WrennError } from '@wrenn/core';
import type { z } from 'zod';
import type { Caller } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import { destroyCapsule } from '../capsules/destroy.ts';
import type { Queryable } from '../db/database.ts';
import type { ServerContext } from '../server-context.ts';
import { createSnapshot, type SnapshotRequest } from '../snapshots/create.ts';
import { deleteOnHosts } from '../snapshots/delete.ts';
import type { createdSnapshotBody } from '../snapshots/schemas.ts';
import { lookUp } from '../templates/look-up.ts';
import { usualTag } from '../templates/reference.ts';
import { findBySnapshot, findTemplate, templateFrom } from '../templates/store.ts';
import type { SnapshotTemplate } from '../templates/template.ts';
import { lockFamily, moveTags, untag } from '../templates/versions.ts';
import { onPlatform } from './platform.ts';

type Created = z.output<typeof createdSnapshotBody>;
type Request = Pick<SnapshotRequest, 'capsuleId' | 'name' | 'idempotencyKey'>;

/**
 * Makes a capsule of the platform a template for all teams, and destroys it. A template of that name is replaced when the
 * new one is whole: until then, and if anything fails, capsules are made from the old one.
 */
export async function snapshotForAll(
  context: ServerContext,
  caller: Caller,
  request: Request,
): Promise<Created> {
  const { name, capsuleId } = request;
  const old = name === undefined ? undefined : await findReplaceable(context, name);
  // Without a name it gets one that nobody has; under that it can be made beside the old one.
  const asked = {
    ...caller,
    ...request,
    kind: 'snapshot',
    name: old === undefined ? name : undefined,
  } as const;
  const made = await createSnapshot(context, asked);
  if (old !== undefined) await replace(context, caller, old, parseId('snapshot', made.id ?? ''));
  await destroyCapsule(context, caller, capsuleId);
  return old === undefined ? made : { ...made, name: old.name };
}

/** The template that has the name, if there is one. A base has no capsule that it could come from. */
async function findReplaceable(
  { database }: ServerContext,
  name: string,
): Promise<SnapshotTemplate | undefined> {
  if ((await lookUp(database, platformTeam, name)) === undefined) return undefined;
  const template = await findTemplate(database, platformTeam, name, 'name');
  if (template.type === 'snapshot') return template;
  throw new WrennError('name_reserved', `${name} is no snapshot, and cannot be replaced by one`, {
    field: 'name',
    remedy: 'give another name',
  });
}

/** The new one gets the name of the old one, which is gone unless it has tags of its own. */
async function replace(
  context: ServerContext,
  { actor }: Caller,
  old: SnapshotTemplate,
  by: SnapshotId,
): Promise<void> {
  const { database, recorder } = context;
  const family = { teamUuid: uuidFromId(platformTeam), name: old.name };
  const replaced = await database.transaction().execute(async (transaction) => {
    await lockFamily(transaction, family);
    const isThere = (await lookUp(transaction, platformTeam, old.name))?.id === uuidFromId(old.id);
    const { template } = (await findBySnapshot(transaction, by)) ?? {};
    if (!isThere || template === undefined) {
      throw new WrennError('conflict', `the template ${old.name} was replaced or deleted meanwhile`, {
        remedy: 'try again',
      });
    }
    await rename(transaction, template, old.name);
    const dropped = await moveTags(transaction, family, [usualTag], template.id);
    const metadata = { name: old.name, replaced_by: by };
    await recorder.record(
      transaction,
      onPlatform(actor, { what: 'template.delete', resourceId: old.id, metadata }),
    );
    return dropped.map(templateFrom);
  });
  await deleteOnHosts(context, replaced);
}

/** Gives up the name that it was made under. */
async function rename(transaction: Queryable, template: SnapshotTemplate, name: string): Promise<void> {
  const made = { teamUuid: uuidFromId(platformTeam), name: template.name };
  await transaction
    .updateTable('templates')
    .set({ name })
    .where('id', '=', uuidFromId(template.id))
    .execute();
  await untag(transaction, made, template.id);
}
