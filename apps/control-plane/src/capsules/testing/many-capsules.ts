import { sql } from 'kysely';
import type { ServerContext } from '../../server-context.ts';

/**
 * Fills Ada's team up to so many capsules, of several templates and in several states, to try lists with. They are rows
 * only, on a host that never answers: whatever is asked of them but to be destroyed fails.
 */
export async function seedManyCapsules(
  { database }: Pick<ServerContext, 'database'>,
  wanted: number,
): Promise<void> {
  if (!(wanted > 0)) return;
  const host = '00000000-0000-0000-0000-00000000dead';
  await sql`
    insert into hosts (id, status, address) values (${host}, 'unreachable', '127.0.0.1:1')
    on conflict do nothing`.execute(database);
  await sql`
    insert into capsules (id, team_id, host_id, template_id, template, status, vcpus, memory_mb, disk_size_mb,
                          timeout_sec, metadata, created_at, started_at, last_active_at, paused_at)
    select gen_random_uuid(), member.team_id, ${host}, '00000000-0000-0000-0000-000000000000',
           (array['minimal', 'python', 'browser'])[1 + n % 3], state, 1 + n % 4, 512, 5120, 300,
           jsonb_build_object('name', 'agent ' || n, 'purpose', (array['crawl', 'test', 'build'])[1 + n % 3]),
           at, at, at + interval '30 seconds', case state when 'paused' then at end
      from generate_series(1, ${wanted}::int) n
     cross join lateral (
       select (array['running', 'running', 'paused', 'missing', 'stopped']::capsule_status[])[1 + n % 5] as state,
              now() - n * interval '1 minute' as at) as made
      join users ada on ada.email = 'ada@localhost'
      join memberships member on member.user_id = ada.id and member.role = 'owner'
     where n > (select count(*) from capsules where host_id = ${host})`.execute(database);
}
