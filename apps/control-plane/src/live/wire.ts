import { type IdKind, idFromUuid } from '@wrenn/core';
import type { LiveKind } from '@wrenn/core/live-kinds';
import type { Change } from './change.ts';

/** Between two comments that show that the connection is alive. */
export const heartbeatMs = 15_000;
export const heartbeat = Buffer.from(': beat\n\n');

/**
 * Why something may have been missed: the client came back; the database did not answer for a while; the client read too
 * slowly; so much changed that to load it anew is less work.
 */
export type ResyncReason = 'reconnected' | 'gap' | 'lagging' | 'burst';

const idKinds: Readonly<Record<LiveKind, IdKind>> = {
  capsule: 'capsule',
  operation: 'operation',
  template: 'template',
  build: 'build',
  team: 'team',
  member: 'user',
  invitation: 'invitation',
  key: 'apiKey',
  channel: 'channel',
  host: 'host',
  user: 'user',
};

let number = 0;

/** One event, as bytes that all clients share. The ID is there only for clients to send it when they come back: it says that they were here. */
export function serverSent(event: string, data: object): Buffer {
  number += 1;
  return Buffer.from(`id: ${number}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

export function resyncEvent(reason: ResyncReason, of?: readonly LiveKind[]): Buffer {
  return serverSent('resync', { reason, ...(of === undefined ? {} : { of }) });
}

/** What changed, by its public ID, with what else there is to say of it. */
export function changeEvent({ kind, action, team, id, about }: Change, also: object = {}): Buffer {
  return serverSent(kind, {
    action,
    ...(id === undefined ? {} : { id: idFromUuid(idKinds[kind], id) }),
    ...(team === undefined ? {} : { team_id: idFromUuid('team', team) }),
    ...aboutOf(kind, about),
    ...also,
  });
}

function aboutOf(kind: LiveKind, about: string | undefined): object {
  if (about === undefined) return {};
  return kind === 'operation' ? { capsule_id: idFromUuid('capsule', about) } : { name: about };
}
