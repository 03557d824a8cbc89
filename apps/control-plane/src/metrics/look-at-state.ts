import { capsuleStates } from '@wrenn/core';
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import { hostStatuses } from '../db/schema.ts';
import { queueSchema } from '../queues/queues.ts';
import { stateGauges as gauges } from './metrics.ts';

const mebibyte = 1024 * 1024;
const queues = ['mail', 'event', 'delivery'] as const;
const queueStates = ['created', 'retry', 'active'] as const;
const openBuilds = ['pending', 'running'] as const;
const jobKinds = ['create', 'pause', 'resume', 'snapshot', 'checkpoint', 'fork'] as const;
/** Capsules in these states have their share of a host. */
const placed = ['pending', 'starting', 'running'] as const;

/** Reads what is in the database whenever somebody asks for it, until it is disposed of. */
export function lookAtState(database: Database): Disposable {
  const looks = new DisposableStack();
  const { set, capsules, hosts, vcpus, memory, builds, jobs, queues: depths } = gauges;
  looks.use(set.whenAsked([capsules, hosts, vcpus, memory], () => lookAtCapsules(database)));
  looks.use(set.whenAsked([builds, jobs], () => lookAtWork(database)));
  looks.use(set.whenAsked([depths], () => lookAtQueues(database)));
  return looks;
}

/** By one index, which destroyed capsules are not in. */
async function lookAtCapsules(database: Database): Promise<void> {
  const found = await database
    .selectFrom('capsules')
    .where('status', '<>', 'stopped')
    .groupBy('status')
    .select(({ fn }) => [
      'status',
      fn.countAll<string>().as('number'),
      fn.sum<string>('vcpus').as('vcpus'),
      fn.sum<string>('memory_mb').as('memory'),
    ])
    .execute();
  const living = await database
    .selectFrom('hosts')
    .groupBy('status')
    .select(({ fn }) => [
      'status',
      fn.countAll<string>().as('number'),
      fn.sum<string>('cpu_cores').as('vcpus'),
      fn.sum<string>('memory_mb').as('memory'),
    ])
    .execute();
  for (const state of capsuleStates) {
    if (state === 'stopped') continue;
    gauges.capsules.set({ state }, Number(found.find(({ status }) => status === state)?.number ?? 0));
  }
  for (const state of hostStatuses)
    gauges.hosts.set({ state }, Number(living.find(({ status }) => status === state)?.number ?? 0));
  const holding = found.filter(({ status }) => placed.some((each) => each === status));
  setCapacity('reserved', holding);
  setCapacity(
    'online',
    living.filter(({ status }) => status === 'online'),
  );
}

function setCapacity(
  kind: string,
  rows: readonly { readonly vcpus: string; readonly memory: string }[],
): void {
  const sum = (numbers: readonly string[]) => numbers.reduce((all, each) => all + Number(each), 0);
  gauges.vcpus.set({ kind }, sum(rows.map(({ vcpus }) => vcpus)));
  gauges.memory.set({ kind }, sum(rows.map(({ memory }) => memory)) * mebibyte);
}

async function lookAtWork(database: Database): Promise<void> {
  const builds = await database
    .selectFrom('builds')
    .where('status', 'in', openBuilds)
    .groupBy('status')
    .select(({ fn }) => ['status', fn.countAll<string>().as('number')])
    .execute();
  const jobs = await database
    .selectFrom('jobs')
    .where('status', '=', 'running')
    .groupBy('kind')
    .select(({ fn }) => ['kind', fn.countAll<string>().as('number')])
    .execute();
  for (const state of openBuilds)
    gauges.builds.set({ state }, Number(builds.find(({ status }) => status === state)?.number ?? 0));
  for (const kind of jobKinds)
    gauges.jobs.set({ kind }, Number(jobs.find((job) => job.kind === kind)?.number ?? 0));
}

async function lookAtQueues(database: Database): Promise<void> {
  const { rows } = await sql<{ name: string; state: string; number: string }>`
    select name, state::text as state, count(*) as number from ${sql.id(queueSchema, 'job')}
    where name in (${sql.join(queues)}) and state <= 'active' group by name, state`.execute(database);
  for (const queue of queues) {
    for (const state of queueStates) {
      const row = rows.find((each) => each.name === queue && each.state === state);
      gauges.queues.set({ queue, state }, Number(row?.number ?? 0));
    }
  }
}
