import { WrennError, zeroId } from '@wrenn/core';
import { actorOf, type UserPrincipal } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteOnHost } from '../snapshots/delete.ts';
import { findTemplate, markDeleted } from '../templates/store.ts';
import type { Template } from '../templates/template.ts';
import { onPlatform } from './platform.ts';

/** A template of the platform; not `minimal`, which every installation has. */
async function findDeletable(database: Queryable, name: string): Promise<Template> {
  const template = await findTemplate(database, platformTeam, name, 'name');
  if (template.id === zeroId('template')) {
    throw new WrennError('forbidden', `${template.name} is a part of every installation`, { field: 'name' });
  }
  return template;
}

/** Deletes a template that is for all teams. Capsules that were made from it stay whole. */
export async function deleteTemplate(
  context: ServerContext,
  user: UserPrincipal,
  name: string,
): Promise<void> {
  const template = await findDeletable(context.database, name);
  const isMine = await context.database.transaction().execute(async (transaction) => {
    if (!(await markDeleted(transaction, template.id))) return false;
    const metadata = { name: template.name };
    const what = { what: 'template.delete', resourceId: template.id, metadata } as const;
    await context.recorder.record(transaction, onPlatform(actorOf(user), what));
    return true;
  });
  if (isMine && template.type === 'snapshot') await deleteOnHost(context, template);
}
