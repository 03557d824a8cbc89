import { type HostId, type ImageId, newId, uuidFromId, WrennError } from '@wrenn/core';
import type { ImageInfo } from '@wrenn/protocol/hostagent';
import { createLogger } from '@wrenn/service';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { ensureHost } from '../hosts/store.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { deleteStrangerImages } from './stranger-images.ts';

const longAgo = new Date(Date.now() - 120_000);

describeOnEachPostgres('stranger images', (version) => {
  let databases: TestDatabases;
  let database: Database;
  const host = newId('host');

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    database = openDatabase(await databases.fresh(), () => undefined);
    await ensureHost(database, host, '127.0.0.1:1');
  });
  afterAll(async () => {
    await database?.destroy();
    await databases?.[Symbol.asyncDispose]();
  });

  interface Facts {
    readonly hostId?: HostId;
    readonly ready_at?: Date | null;
    readonly deleted_at?: Date | null;
    readonly created_at?: Date;
  }

  async function template({ hostId = host, ...facts }: Facts = {}): Promise<ImageId> {
    const id = newId('image');
    await database
      .insertInto('templates')
      .values({
        ...{ id: uuidFromId(newId('template')), name: `name-${id}`, ...facts },
        ...{ team_id: uuidFromId(await ensureDefaultTeam(database)), type: 'base' },
        ...{ image_id: uuidFromId(id), host_id: uuidFromId(hostId) },
      })
      .execute();
    return id;
  }

  async function isKnown(id: ImageId): Promise<boolean> {
    const rows = await database
      .selectFrom('templates')
      .select('id')
      .where('image_id', '=', uuidFromId(id))
      .execute();
    return rows.length > 0;
  }

  /** What is deleted on the host. */
  async function look(images: ImageInfo[], fault?: WrennError): Promise<ImageId[]> {
    const deleted: ImageId[] = [];
    const agent = {
      deleteImage: async (id: ImageId) => {
        if (fault !== undefined) throw fault;
        deleted.push(id);
      },
    };
    const log = createLogger('test', 'silent');
    await deleteStrangerImages({ database, agent, log, host: { id: host } }, images);
    return deleted;
  }

  function info(imageId: ImageId, createdAt = longAgo): ImageInfo {
    const createdAtUnix = BigInt(Math.floor(createdAt.getTime() / 1000));
    return { $typeName: 'hostagent.v1.ImageInfo', imageId, sizeBytes: 1n, sha256: '', createdAtUnix };
  }

  test('one that a template stands for stays; one that nobody knows goes, once it is a minute old', async () => {
    const [wanted, unknown, young] = [await template(), newId('image'), newId('image')];
    expect(await look([info(wanted), info(unknown), info(young, new Date())])).toEqual([unknown]);
  });

  test('one whose template was deleted, or is of another host, goes', async () => {
    const deleted = await template({ deleted_at: new Date() });
    const other = newId('host');
    await ensureHost(database, other, '127.0.0.1:2');
    const elsewhere = await template({ hostId: other });
    expect(await look([info(deleted), info(elsewhere)])).toEqual([deleted, elsewhere]);
  });

  test('a fault of the host keeps nobody from going on', async () => {
    expect(await look([info(newId('image'))], new WrennError('agent_error', 'cannot'))).toEqual([]);
  });

  test('what is being made is left alone, and given up when its build is long over', async () => {
    const young = await template({ ready_at: null });
    const abandoned = await template({ ready_at: null, created_at: longAgo });
    expect(await look([info(young), info(abandoned)])).toEqual([abandoned]);
    expect([await isKnown(young), await isKnown(abandoned)]).toEqual([true, false]);
  });

  test.each([{ vcpus: 1 }, { memory_mb: 512 }, { host_id: null }, { snapshot_id: crypto.randomUUID() }])(
    'a template of an image has a host and no shape: %j is refused',
    async (wrong) => {
      const id = await template();
      const change = database.updateTable('templates').set(wrong).where('image_id', '=', uuidFromId(id));
      await expect(change.execute()).rejects.toThrow('templates_snapshot_whole');
    },
  );
});
