import { create } from '@bufbuild/protobuf';
import { newId, type TeamId, uuidFromId } from '@wrenn/core';
import { GetHostResponseSchema } from '@wrenn/protocol/hostagent';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { platformTeam } from '../audit/happening.ts';
import { entriesOf } from '../audit/testing/entries.ts';
import { TestLog } from '../audit/testing/log.ts';
import { migrateUrl } from '../db/migrator.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { noteAnswer, noteSilence } from './marks.ts';
import { ensureHost, type Host, listHosts } from './store.ts';

const said = create(GetHostResponseSchema, {
  arch: 'x86_64',
  cpuCores: 4,
  memoryMb: 8192,
  diskGb: 100,
  engine: 'fake',
  isolation: 'emulated',
  agentVersion: '0',
  templates: [],
  relayPort: 0,
});

describeOnEachPostgres('hosts in the audit log', (version) => {
  let databases: TestDatabases;
  let log: TestLog;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    log = new TestLog(await databases.fresh());
  });
  afterAll(async () => {
    await log?.[Symbol.asyncDispose]();
    await databases?.[Symbol.asyncDispose]();
  });

  async function host(teamId?: TeamId): Promise<() => Promise<Host>> {
    const id = newId('host');
    await ensureHost(log.database, id, '127.0.0.1:1');
    if (teamId !== undefined) {
      await log.database
        .updateTable('hosts')
        .set({ team_id: uuidFromId(teamId), type: 'byoc' })
        .where('id', '=', uuidFromId(id))
        .execute();
    }
    return async () => {
      const found = (await listHosts(log.database)).find((each) => each.id === id);
      if (found === undefined) throw new Error(`no host ${id}`);
      return found;
    };
  }

  async function logOf(thing: string): Promise<string[]> {
    const rows = await log.database
      .selectFrom('audit_entries')
      .select('team_id')
      .where('resource_id', '=', thing)
      .execute();
    return rows.map((row) => row.team_id);
  }

  test('one is marked up and down once, however often it is looked at', async () => {
    const now = await host();
    for (let times = 0; times < 2; times += 1) await noteAnswer(log, await now(), said);
    for (let times = 0; times < 2; times += 1) await noteSilence(log, await now());
    await noteAnswer(log, await now(), said);
    const { id } = await now();
    const by = 'host monitor';
    expect(await entriesOf(log.database, { thing: id })).toEqual([
      { what: 'host.marked_up', status: 'success', by, metadata: { from: 'pending' } },
      { what: 'host.marked_down', status: 'warning', by, metadata: { lost: 0 } },
      { what: 'host.marked_up', status: 'success', by, metadata: { from: 'unreachable' } },
    ]);
    expect(new Set(await logOf(id))).toEqual(new Set([uuidFromId(platformTeam)]));
  });

  test("a team's own is in the team's log", async () => {
    const teamId = await ensureDefaultTeam(log.database);
    const now = await host(teamId);
    await noteAnswer(log, await now(), said);
    expect(await logOf((await now()).id)).toEqual([uuidFromId(teamId)]);
  });
});
