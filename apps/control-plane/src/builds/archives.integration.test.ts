import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type TeamId, uuidFromId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { testConfig } from '../testing/test-config.ts';
import { archivePieces, dropArchive, keepArchive, mostArchiveBytes } from './archives.ts';
import { tidyBuilds } from './tidy.ts';

describeOnEachPostgres('uploads for builds', (version) => {
  let databases: TestDatabases;
  let database: Database;
  let teamId: TeamId;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    database = openDatabase(await databases.fresh(), () => undefined);
    teamId = await ensureDefaultTeam(database);
  });
  afterAll(async () => {
    await database?.destroy();
    await databases?.[Symbol.asyncDispose]();
  });

  const count = async () => (await database.selectFrom('archives').select('id').execute()).length;

  it('are kept byte for byte, whatever pieces they come in', async () => {
    const bytes = randomBytes(3_500_000);
    const parts = [bytes.subarray(0, 10), bytes.subarray(10, 2_000_000), bytes.subarray(2_000_000)];
    const id = await keepArchive(database, teamId, Readable.from(parts));
    expect((await buffer(Readable.from(archivePieces(database, id)))).equals(bytes)).toBe(true);
    await dropArchive(database, id);
    expect(await buffer(Readable.from(archivePieces(database, id)))).toHaveLength(0);
  });

  it('that break off leave nothing', async () => {
    const before = await count();
    const broken = Readable.from(
      (async function* () {
        yield randomBytes(2_000_000);
        throw new Error('the client went away');
      })(),
    );
    await expect(keepArchive(database, teamId, broken)).rejects.toThrow('went away');
    expect(await count()).toBe(before);
  });

  it('that are too large are refused, with nothing kept', async () => {
    const before = await count();
    const piece = Buffer.alloc(16 * 1024 * 1024);
    const endless = Readable.from(
      (async function* () {
        for (let sent = 0; sent <= mostArchiveBytes; sent += piece.length) yield piece;
      })(),
    );
    await expect(keepArchive(database, teamId, endless)).rejects.toMatchObject({
      ...{ code: 'too_large', field: 'archive' },
    });
    expect(await count()).toBe(before);
  });

  it('that nobody builds from are gone after a day', async () => {
    const id = await keepArchive(database, teamId, Readable.from([Buffer.from('x')]));
    const tidy = () =>
      tidyBuilds(
        { database, config: testConfig({ databaseUrl: 'postgres:///', directory: '/nowhere' }) },
        new AbortController().signal,
      );
    await tidy();
    expect(await buffer(Readable.from(archivePieces(database, id)))).toHaveLength(1);
    await database
      .updateTable('archives')
      .set({ created_at: sql<Date>`now() - interval '25 hours'` })
      .where('id', '=', uuidFromId(id))
      .execute();
    await tidy();
    expect(await buffer(Readable.from(archivePieces(database, id)))).toHaveLength(0);
  });
});
