import { describeError, type HostId, type ImageId, idFromUuid, parseId, uuidFromId } from '@wrenn/core';
import type { ImageInfo } from '@wrenn/protocol/hostagent';
import type { Logger } from '@wrenn/service';
import { sql } from 'kysely';
import type { Database, Queryable } from '../db/database.ts';
import type { HostAgent } from '../hosts/agent.ts';

/** One host, at the moment when the monitor looks at it. */
interface Look {
  readonly database: Database;
  readonly agent: Pick<HostAgent, 'deleteImage'>;
  readonly log: Logger;
  readonly host: { readonly id: HostId };
}

/** An image that the database does not know may be younger than a query: it is left alone for this long. */
const strangerAfterMs = 60_000;

/** Deletes what one host has of images that no template wants. `images` is what it can start from. */
export async function deleteStrangerImages(look: Look, images: readonly ImageInfo[]): Promise<void> {
  await dropAbandoned(look);
  const old = images.filter(
    ({ createdAtUnix }) => Date.now() - Number(createdAtUnix) * 1000 > strangerAfterMs,
  );
  if (old.length === 0) return;
  const ids = old.map(({ imageId }) => parseId('image', imageId));
  const wanted = await wantedImages(look.database, look.host.id, ids);
  for (const id of ids.filter((each) => !wanted.has(each))) await deleteStranger(look, id);
}

async function deleteStranger({ agent, log, host }: Look, id: ImageId): Promise<void> {
  try {
    await agent.deleteImage(id);
    log.warn({ image: id, host: host.id }, 'deleted an image that no template wants');
  } catch (thrown) {
    log.warn({ image: id, host: host.id, cause: describeError(thrown) }, 'deleting an image');
  }
}

/** Those of `ids` that templates of this host stand for, made or being made. */
async function wantedImages(
  database: Queryable,
  hostId: HostId,
  ids: readonly ImageId[],
): Promise<ReadonlySet<ImageId>> {
  const rows = await database
    .selectFrom('templates')
    .select('image_id')
    .where('host_id', '=', uuidFromId(hostId))
    .where('image_id', 'in', ids.map(uuidFromId))
    .where('deleted_at', 'is', null)
    .execute();
  return new Set(rows.flatMap(({ image_id: id }) => (id === null ? [] : [idFromUuid('image', id)])));
}

/** Of builds that ended without publishing what they were making. */
async function dropAbandoned({ database, host }: Look): Promise<void> {
  await sql`
    delete from templates template
     where template.host_id = ${uuidFromId(host.id)}
       and template.image_id is not null and template.ready_at is null
       and template.created_at < now() - make_interval(secs => ${strangerAfterMs / 1000})
       and not exists (
         select from builds build where build.id = template.build_id and build.status in ('pending', 'running'))
  `.execute(database);
}
