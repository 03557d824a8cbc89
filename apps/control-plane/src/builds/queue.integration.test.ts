import { type BuildId, newId, type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemActor } from '../access/principal.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { askToCancel, claimBuild, endBuild, findBuild, insertBuild, renewBuild } from './store.ts';

describeOnEachPostgres('the queue of builds', (version) => {
  let databases: TestDatabases;
  let database: Database;
  let teamId: TeamId;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    database = openDatabase(await databases.fresh(), () => undefined);
    teamId = await ensureDefaultTeam(database);
  });
  beforeEach(async () => {
    await database.deleteFrom('builds').execute();
  });
  afterAll(async () => {
    await database?.destroy();
    await databases?.[Symbol.asyncDispose]();
  });

  async function waiting(name: string): Promise<BuildId> {
    const id = newId('build');
    await insertBuild(database, {
      ...{
        id,
        teamId,
        name,
        actor: systemActor,
        archiveId: undefined,
        credentials: Buffer.from('sealed'),
        bases: [],
      },
      ...{ vcpus: 1, memoryMb: 512, totalSteps: 3 },
      request: {
        ...{ format: 'recipe', recipe: 'RUN true', baseTemplate: 'minimal', args: {}, healthcheck: '' },
        ...{ result: 'snapshot', skipPrePost: true, useCache: true, timeoutSec: 60, stepTimeoutSec: 60 },
        tags: ['default'],
      },
    });
    return id;
  }

  const lapse = (id: BuildId) =>
    database
      .updateTable('builds')
      .set({ lease_until: sql<Date>`now() - interval '1 second'` })
      .where('id', '=', uuidFromId(id))
      .execute();

  it('is worked off in its order, and each build by one', async () => {
    const ids = [await waiting('a'), await waiting('b'), await waiting('c')];
    const claimed = await Promise.all([1, 2, 3, 4, 5].map(() => claimBuild(database)));
    const taken = claimed.flatMap((claim) => (claim === undefined ? [] : [claim.build.id]));
    expect(taken.toSorted()).toEqual(ids.toSorted());
  });

  it('gives a build whose process died to another, which goes on with the clock of the first', async () => {
    const id = await waiting('left');
    const first = await claimBuild(database);
    expect(await claimBuild(database)).toBeUndefined();
    await lapse(id);
    const second = await claimBuild(database);
    expect(second?.build).toMatchObject({ id, attempts: 2, startedAt: first?.build.startedAt });
    expect(second?.credentials?.toString()).toBe('sealed');
  });

  it('tells who works on a build that it is to be cancelled, or was ended', async () => {
    const id = await waiting('cancelled');
    await claimBuild(database);
    expect(await renewBuild(database, id)).toBe('goes on');
    await askToCancel(database, id);
    expect(await renewBuild(database, id)).toBe('cancelled');
    const error = new WrennError('cancelled', 'the build was cancelled');
    expect(await endBuild(database, id, { status: 'cancelled', error })).toBe(true);
    expect(await renewBuild(database, id)).toBe('lost');
  });

  it('keeps the first ending, with its reason, and no secret', async () => {
    const id = await waiting('twice');
    await claimBuild(database);
    const error = new WrennError('invalid_request', 'step 2: failed', { remedy: 'look' });
    expect(await endBuild(database, id, { status: 'failed', error })).toBe(true);
    expect(await endBuild(database, id, { status: 'cancelled', error })).toBe(false);
    const build = await findBuild(database, teamId, id);
    expect(build).toMatchObject({
      status: 'failed',
      error: { message: 'step 2: failed', remedy: 'look' },
    });
    const { credentials } = await database
      .selectFrom('builds')
      .select('credentials')
      .where('id', '=', uuidFromId(id))
      .executeTakeFirstOrThrow();
    expect(credentials).toBeNull();
  });

  it('shows a build to its team alone', async () => {
    const id = await waiting('mine');
    await expect(findBuild(database, newId('team'), id)).rejects.toMatchObject({ code: 'not_found' });
  });
});
