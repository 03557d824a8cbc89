import { type HostId, newId, type SnapshotId, uuidFromId, WrennError, zeroId } from '@wrenn/core';
import type { SnapshotInfo } from '@wrenn/protocol/hostagent';
import { createLogger } from '@wrenn/service';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemActor } from '../access/principal.ts';
import type { Recorder } from '../audit/recorder.ts';
import { testRecorder } from '../audit/testing/recorder.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { ensureHost } from '../hosts/store.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { findBySnapshot, markDeleted, markReady, reserveName } from '../templates/store.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { deleteStrangerSnapshots } from './reconcile.ts';

const longAgo = new Date(Date.now() - 120_000);
const made = { vcpus: 1, memoryMb: 512, sizeBytes: 1000, facts: {} };

describeOnEachPostgres('stranger snapshots', (version) => {
  let databases: TestDatabases;
  let database: Database;
  let recorder: Recorder;
  const host = newId('host');

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    const url = await databases.fresh();
    database = openDatabase(url, () => undefined);
    recorder = testRecorder(url);
    await ensureHost(database, host, '127.0.0.1:1');
  });
  afterAll(async () => {
    await database?.destroy();
    await databases?.[Symbol.asyncDispose]();
  });

  async function reserved(on: HostId = host): Promise<SnapshotId> {
    const snapshotId = newId('snapshot');
    await reserveName(database, {
      id: newId('template'),
      teamId: await ensureDefaultTeam(database),
      name: `name-${crypto.randomUUID()}`,
      snapshotId,
      hostId: on,
      vcpus: 1,
      memoryMb: 512,
      defaultUser: 'user',
      defaultEnv: {},
      defaultWorkdir: '',
      parent: zeroId('template'),
      sourceCapsule: newId('capsule'),
    });
    return snapshotId;
  }

  async function ready(id: SnapshotId) {
    return await markReady({ database, recorder }, { id, made, capsuleId: undefined, actor: systemActor });
  }

  async function age(id: SnapshotId): Promise<void> {
    await database
      .updateTable('templates')
      .set({ created_at: longAgo })
      .where('snapshot_id', '=', uuidFromId(id))
      .execute();
  }

  /** What is deleted on the host. */
  async function look(snapshots: SnapshotInfo[], fault?: WrennError): Promise<SnapshotId[]> {
    const deleted: SnapshotId[] = [];
    const agent = {
      deleteSnapshot: async (id: SnapshotId) => {
        if (fault !== undefined) throw fault;
        deleted.push(id);
      },
    };
    await deleteStrangerSnapshots(
      { database, recorder, agent, log: createLogger('test', 'silent'), host: { id: host } },
      snapshots,
    );
    return deleted;
  }

  function info(snapshotId: SnapshotId, createdAt = longAgo): SnapshotInfo {
    return {
      $typeName: 'hostagent.v1.SnapshotInfo',
      snapshotId,
      vcpus: 1,
      memoryMb: 512,
      sizeBytes: 1000n,
      createdAtUnix: BigInt(Math.floor(createdAt.getTime() / 1000)),
      metadata: {},
    };
  }

  test('one that a template stands for stays; one that nobody knows goes, once it is a minute old', async () => {
    const wanted = await reserved();
    await ready(wanted);
    const unknown = newId('snapshot');
    const young = newId('snapshot');
    expect(await look([info(wanted), info(unknown), info(young, new Date())])).toEqual([unknown]);
  });

  test('one whose template was deleted, or is of another host, goes', async () => {
    const deleted = await reserved();
    const template = await ready(deleted);
    expect(template && (await markDeleted(database, template))).toBe(true);
    const other = newId('host');
    await ensureHost(database, other, '127.0.0.1:2');
    const elsewhere = await reserved(other);
    await ready(elsewhere);
    expect(await look([info(deleted), info(elsewhere)])).toEqual([deleted, elsewhere]);
  });

  test('a fault of the host keeps nobody from going on', async () => {
    expect(await look([info(newId('snapshot'))], new WrennError('agent_error', 'cannot'))).toEqual([]);
  });

  test('what is being made is left alone', async () => {
    const young = await reserved();
    expect(await look([info(young)])).toEqual([]);
    expect(await findBySnapshot(database, young)).toMatchObject({ isReady: false });
  });

  test('what nobody makes any more can be used where the host has it, and gives its name back where not', async () => {
    const there = await reserved();
    const gone = await reserved();
    await age(there);
    await age(gone);
    expect(await look([info(there)])).toEqual([]);
    expect(await findBySnapshot(database, there)).toMatchObject({
      isReady: true,
      template: { sizeBytes: 1000 },
    });
    expect(await findBySnapshot(database, gone)).toBeUndefined();
  });

  test('what a job still makes is left alone, however long it takes', async () => {
    const slow = await reserved();
    await age(slow);
    const team = uuidFromId(await ensureDefaultTeam(database));
    await database
      .insertInto('jobs')
      .values({
        id: uuidFromId(slow),
        team_id: team,
        kind: 'snapshot',
        request: '{}',
        lease_until: new Date(Date.now() + 60_000),
      })
      .execute();
    expect(await look([])).toEqual([]);
    expect(await findBySnapshot(database, slow)).toMatchObject({ isReady: false });
  });
});
