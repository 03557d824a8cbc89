import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type ArchiveId, newId, type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import type { Database, Queryable } from '../db/database.ts';

export const mostArchiveBytes = 100 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

/** Puts what somebody uploads into the database, a piece at a time; what breaks off leaves nothing. */
export async function keepArchive(database: Database, teamId: TeamId, body: Readable): Promise<ArchiveId> {
  const id = newId('archive');
  await database
    .insertInto('archives')
    .values({ id: uuidFromId(id), team_id: uuidFromId(teamId) })
    .execute();
  try {
    const hash = createHash('sha256');
    let [size, position] = [0, 0];
    for await (const bytes of pieces(body)) {
      hash.update(bytes);
      size += bytes.length;
      if (size > mostArchiveBytes) throw tooLarge();
      await database
        .insertInto('archive_pieces')
        .values({ archive_id: uuidFromId(id), position, bytes })
        .execute();
      position += 1;
    }
    await database
      .updateTable('archives')
      .set({ size_bytes: size, sha256: hash.digest('hex'), ready_at: sql`now()` })
      .where('id', '=', uuidFromId(id))
      .execute();
    return id;
  } catch (thrown) {
    await dropArchive(database, id);
    throw thrown;
  }
}

/** What it holds, in order; one piece is in memory at a time. */
export async function* archivePieces(database: Queryable, id: ArchiveId): AsyncGenerator<Buffer> {
  for (let position = 0; ; position += 1) {
    const piece = await database
      .selectFrom('archive_pieces')
      .select('bytes')
      .where('archive_id', '=', uuidFromId(id))
      .where('position', '=', position)
      .executeTakeFirst();
    if (piece === undefined) return;
    yield piece.bytes;
  }
}

export async function dropArchive(database: Queryable, id: ArchiveId): Promise<void> {
  await database.deleteFrom('archives').where('id', '=', uuidFromId(id)).execute();
}

async function* pieces(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    gathered.push(chunk);
    size += chunk.length;
    if (size < pieceBytes) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(gathered);
}

function tooLarge(): WrennError {
  return new WrennError('too_large', `the archive is larger than ${mostArchiveBytes / 1024 ** 2} MiB`, {
    field: 'archive',
    remedy: 'leave out what the recipe does not copy, or fetch it with RUN',
  });
}
