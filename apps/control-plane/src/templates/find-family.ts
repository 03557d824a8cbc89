import { idFromUuid, type TeamId, WrennError } from '@wrenn/core';
import type { Queryable } from '../db/database.ts';
import { type Family, lookUpFamily, refuseOthers } from './family.ts';
import { lookUp } from './look-up.ts';
import { familyPattern, parseReference } from './reference.ts';
import { lockFamily } from './versions.ts';

/** The template that a name, an alias or the ID of a version stands for. */
export async function findFamily(database: Queryable, teamId: TeamId, text: string): Promise<Family> {
  const reference = familyPattern.test(text) ? parseReference(text) : undefined;
  const family =
    reference?.kind === 'name'
      ? await lookUpFamily(database, teamId, reference)
      : await familyOfVersion(database, teamId, text);
  if (family === undefined) throw notFound(text);
  return family;
}

async function familyOfVersion(
  database: Queryable,
  teamId: TeamId,
  text: string,
): Promise<Family | undefined> {
  const version = await lookUp(database, teamId, text);
  if (version === undefined) return undefined;
  const row = await database
    .selectFrom('template_names')
    .select(['team_id', 'name', 'visibility'])
    .where('team_id', '=', version.team_id)
    .where('name', '=', version.name)
    .executeTakeFirst();
  return row && { teamUuid: row.team_id, name: row.name, visibility: row.visibility, isAlias: false };
}

/** The same, where the team may change it. */
export async function findOwnFamily(database: Queryable, teamId: TeamId, text: string): Promise<Family> {
  const family = await findFamily(database, teamId, text);
  refuseOthers(family.name, idFromUuid('team', family.teamUuid), teamId);
  return family;
}

/** The same, and nobody else changes it until the transaction is over. */
export async function lockOwnFamily(transaction: Queryable, teamId: TeamId, text: string): Promise<Family> {
  const family = await findOwnFamily(transaction, teamId, text);
  if (await lockFamily(transaction, family)) return family;
  throw notFound(text);
}

function notFound(text: string): WrennError {
  return new WrennError('not_found', `no template ${text}`, { field: 'name' });
}
