import type { GetHostResponse } from '@wrenn/protocol/hostagent';
import { platformPart } from '../access/principal.ts';
import type { Audited } from '../audit/audited.ts';
import { type Happening, platformTeam } from '../audit/happening.ts';
import { loseCapsules } from './reconcile.ts';
import { type Host, markOnline, markUnreachable } from './store.ts';

/** Notes that a host answers. The first time after a silence, the audit log says so. */
export async function noteAnswer(
  { database, recorder }: Audited,
  host: Host,
  said: GetHostResponse,
): Promise<void> {
  if (host.status === 'online') return await markOnline(database, host.id, said);
  await database.transaction().execute(async (transaction) => {
    await markOnline(transaction, host.id, said);
    await recorder.record(transaction, happening(host, 'host.marked_up', { from: host.status }));
  });
}

/** Gives up a host that does not answer. Returns how many of its capsules are missing now. */
export async function noteSilence({ database, recorder }: Audited, host: Host): Promise<number> {
  return await database.transaction().execute(async (transaction) => {
    if (!(await markUnreachable(transaction, host.id))) return 0;
    const lost = await loseCapsules(transaction, host.id);
    await recorder.record(transaction, happening(host, 'host.marked_down', { lost }));
    return lost;
  });
}

/** In the log of the team whose host it is, else in the platform's. */
function happening(
  { id, teamId = platformTeam }: Host,
  what: 'host.marked_up' | 'host.marked_down',
  metadata: NonNullable<Happening['metadata']>,
): Happening {
  const status = what === 'host.marked_up' ? 'success' : 'warning';
  return { teamId, actor: platformPart('host monitor'), what, resourceId: id, status, metadata };
}
