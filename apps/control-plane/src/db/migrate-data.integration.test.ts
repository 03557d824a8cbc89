import { newId, uuidFromId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemActor } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import { TestLog } from '../audit/testing/log.ts';
import { ensureHost } from '../hosts/store.ts';
import { createKey } from '../keys/store.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { migrate, migrateDown, missingMigrations } from './migrator.ts';

describeOnEachPostgres('a schema with data in it', (version) => {
  let databases: TestDatabases;
  beforeAll(async () => {
    databases = await testDatabases(version, async () => {});
  });
  afterAll(() => databases?.[Symbol.asyncDispose]());

  /** A row in each table, and some in those that the platform's team has a part in. */
  async function fill(log: TestLog): Promise<void> {
    const { database } = log;
    const teamId = await ensureDefaultTeam(database);
    const team = uuidFromId(teamId);
    const host = newId('host');
    await ensureHost(database, host, '127.0.0.1:1');
    await createKey(database, { teamId, name: 'a key', scopes: ['all'] });
    const [user, capsule, channel, event, archive, build, version] = Array.from({ length: 7 }, () =>
      crypto.randomUUID(),
    );
    const hash = 'a'.repeat(64);
    for (const statement of [
      sql`insert into users (id, email, name, status) values (${user}, 'a@b.c', 'Ann', 'active')`,
      sql`insert into memberships (team_id, user_id, role) values (${team}, ${user}, 'owner')`,
      sql`insert into sessions (id, user_id, team_id, expires_at) values (${crypto.randomUUID()}, ${user}, ${team}, now())`,
      sql`insert into one_time_tokens (hash, purpose, user_id, expires_at) values (${hash}, 'activation', ${user}, now())`,
      sql`insert into identities (provider, subject, user_id) values ('github', '1', ${user})`,
      sql`insert into invitations (id, team_id, email, role, token_hash, expires_at)
            values (${crypto.randomUUID()}, ${team}, 'b@b.c', 'member', ${hash}, now())`,
      sql`insert into rate_limits (key) values ('k')`,
      sql`insert into capsules (id, team_id, host_id, template_id, template, vcpus, memory_mb, disk_size_mb, timeout_sec, asked)
            values (${capsule}, ${team}, ${uuidFromId(host)}, ${uuidFromId(platformTeam)}, 'minimal', 1, 512, 5120, 0, '{}')`,
      sql`insert into jobs (id, team_id, capsule_id, kind, request, lease_until)
            values (${crypto.randomUUID()}, ${team}, ${capsule}, 'pause', '{}', now())`,
      sql`insert into channels (id, team_id, name, provider, config) values (${channel}, ${team}, 'c', 'webhook', '')`,
      sql`insert into events (id, team_id, type, body) values (${event}, ${team}, 'host.up', '{}')`,
      sql`insert into deliveries (id, channel_id, event_id) values (${crypto.randomUUID()}, ${channel}, ${event})`,
      sql`insert into daily_usage (team_id, date, cpu_seconds, ram_mb_seconds) values (${team}, '2026-01-01', 1, 512)`,
      sql`insert into archives (id, team_id) values (${archive}, ${team})`,
      sql`insert into archive_pieces (archive_id, position, bytes) values (${archive}, 0, 'x')`,
      sql`insert into builds (id, team_id, name, request, actor, archive_id, bases, vcpus, memory_mb)
            values (${build}, ${team}, 'tools', '{}', '{}', ${archive}, '{minimal}', 1, 512)`,
      sql`insert into build_log (build_id, seq, step, kind, body) values (${build}, 1, 0, 'begin', '{}')`,
      ...['v1', 'default'].map(
        (tag, index) => sql`
            with version as (
              insert into templates (id, team_id, name, parent_id, build_id)
              values (${[version, crypto.randomUUID()][index]}, ${team}, 'tools', ${uuidFromId(platformTeam)}, ${build})
              returning id, team_id, name
            ), named as (
              insert into template_names (team_id, name, visibility) select team_id, name, 'public' from version
              on conflict do nothing
            )
            insert into template_tags (team_id, name, tag, template_id) select team_id, name, ${tag}, id from version`,
      ),
      sql`insert into template_names (team_id, name, alias_of) values (${team}, 'utilities', 'tools')`,
      sql`insert into templates (id, team_id, name, type, vcpus, memory_mb, snapshot_id, host_id, layer_key, layer_used_at)
            values (${crypto.randomUUID()}, ${team}, 'layer-1', 'snapshot', 1, 512, ${crypto.randomUUID()},
                    ${uuidFromId(host)}, ${hash}, now())`,
    ])
      await statement.execute(database);
    await log.write(platformTeam, 3, { what: 'user.grant_admin', actor: systemActor });
    await log.write(teamId, 3);
  }

  test('goes down to nothing and up again, and works as before', async () => {
    const url = await databases.empty();
    for (let times = 0; times < 2; times += 1) {
      // With connections of its own each time: what one knows of types is void when they are made anew.
      await using log = new TestLog(url);
      const applied = await migrate(log.database, url);
      await fill(log);
      expect(await log.verify()).toMatchObject({ chains: 2, entries: 6, wrong: 0 });
      expect(await migrateDown(log.database)).toEqual(applied.toReversed());
      expect(await missingMigrations(log.database)).toEqual(applied);
    }
  });
});
