import { type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { uuidFromId } from '@wrenn/core';
import { auditAction } from './actions.ts';
import { type ChainFacts, entryDigest, personalDigest } from './digest.ts';
import { type Happening, platformTeam } from './happening.ts';

const platformUuid = uuidFromId(platformTeam);

/** The row of what happened, bound to the end of the chain. */
export function nextEntry(
  key: KeyObject,
  teamId: string,
  end: Pick<ChainFacts, 'number' | 'digest'>,
  { actor, what, resourceId, status = 'success', metadata = {}, personal = {} }: Happening,
) {
  const { resource, action, scope } = auditAction(what);
  const facts = {
    teamId,
    id: randomUUID(),
    number: end.number + 1,
    createdAt: new Date().toISOString(),
    actorType: actor.type,
    resourceType: resource,
    resourceId: resourceId ?? null,
    action,
    // Of what is done in the platform's own name only administrators read.
    scope: teamId === platformUuid ? 'admin' : scope,
    status,
    metadata,
  };
  const salt = randomBytes(16);
  const who = {
    actorId: actor.type === 'system' ? null : actor.id,
    actorName: actor.name,
    personal,
  };
  const personalPart = personalDigest(key, salt, who);
  return {
    id: facts.id,
    team_id: teamId,
    number: facts.number,
    actor_type: facts.actorType,
    actor_id: who.actorId,
    actor_name: who.actorName,
    resource_type: facts.resourceType,
    resource_id: facts.resourceId,
    action: facts.action,
    scope: facts.scope,
    status: facts.status,
    metadata: JSON.stringify(facts.metadata),
    created_at: facts.createdAt,
    personal: JSON.stringify(who.personal),
    personal_salt: salt,
    personal_digest: personalPart,
    digest: entryDigest(key, end.digest, personalPart, facts),
  };
}
