import { describeError, idFromUuid, uuidFromId } from '@wrenn/core';
import type { Doer } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { refuseOthers } from '../templates/family.ts';
import { keepingBases } from '../templates/in-use.ts';
import { findTemplate, markDeleted } from '../templates/store.ts';
import { hostOf, type Template } from '../templates/template.ts';

/**
 * Deletes a team's snapshot, or a version of a template, with the tags that it has. Capsules that were made from it stay whole: the host keeps what they need of it. What a
 * host does not delete now, the host monitor deletes when the host is there again.
 */
export async function deleteSnapshot(
  context: ServerContext,
  { teamId, actor }: Doer,
  name: string,
): Promise<void> {
  const { database, recorder } = context;
  const template = await findTemplate(database, teamId, name, 'name');
  refuseOthers(template.name, template.teamId, teamId);
  const resourceId = template.type === 'snapshot' ? template.snapshotId : template.id;
  const isMine = await database.transaction().execute(async (transaction) => {
    const family = { teamUuid: uuidFromId(teamId), name: template.name };
    const drop = () => markDeleted(transaction, template);
    if (!(await keepingBases(transaction, family, drop))) return false;
    const metadata = { name: template.name };
    await recorder.record(transaction, { teamId, actor, what: 'snapshot.delete', resourceId, metadata });
    return true;
  });
  if (isMine) await deleteOnHosts(context, [template]);
}

/** What hosts have of templates that were deleted. */
export async function deleteOnHosts(context: ServerContext, templates: readonly Template[]): Promise<void> {
  for (const template of templates) await deleteOnHost(context, template);
}

/** Never rejects: what a host does not delete now is left to the host monitor. */
export async function deleteOnHost(
  { database, agents, log }: ServerContext,
  template: Template,
): Promise<void> {
  const hostId = hostOf(template);
  if (hostId === undefined) return;
  try {
    const host = await database
      .selectFrom('hosts')
      .select(['id', 'address'])
      .where('id', '=', uuidFromId(hostId))
      .executeTakeFirstOrThrow();
    const agent = agents.of({ id: idFromUuid('host', host.id), address: host.address });
    if (template.type === 'snapshot') await agent.deleteSnapshot(template.snapshotId);
    else if (template.image !== undefined) await agent.deleteImage(template.image.id);
  } catch (thrown) {
    log.warn(
      { template: template.id, host: hostId, cause: describeError(thrown) },
      'deleting what a host has of a template is left to the host monitor',
    );
  }
}
