import { describeError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { fromKysely, PgBoss } from 'pg-boss';
import type { Queryable } from '../db/database.ts';

/** What waits in each queue. Never a secret in the clear: the table is in every backup. */
export interface QueueData {
  /** A mail, sealed. */
  readonly mail: { readonly kind: string; readonly sealed: string };
  /** The ID of an event that may interest channels. */
  readonly event: { readonly id: string };
  /** The ID of a delivery to a channel. */
  readonly delivery: { readonly id: string };
}
export type QueueName = keyof QueueData;

interface QueueRule {
  readonly retryLimit: number;
  /** Before the first retry; each next one waits twice as long, up to an hour. */
  readonly retryDelay: number;
  readonly expireInSeconds: number;
}

const rules: Readonly<Record<QueueName, QueueRule>> = {
  mail: { retryLimit: 8, retryDelay: 10, expireInSeconds: 60 },
  event: { retryLimit: 20, retryDelay: 2, expireInSeconds: 30 },
  delivery: { retryLimit: 7, retryDelay: 10, expireInSeconds: 30 },
};
const longestDelaySec = 3600;
const keepDays = 7;
const finishMs = 10_000;
export const queueSchema = 'pgboss';

/** One try at what waits. */
export interface Attempt<Q extends QueueName> {
  readonly data: QueueData[Q];
  /** Whether nobody will try again when this fails. */
  readonly isLast: boolean;
  readonly signal: AbortSignal;
}

/** Work that is written down in the database, in the transaction that asks for it, and done by one of all replicas. */
export class Queues {
  readonly #boss: PgBoss;

  constructor(databaseUrl: string, log: Logger) {
    this.#boss = new PgBoss({
      connectionString: databaseUrl,
      schema: queueSchema,
      application_name: 'wrenn-queues',
      max: 4,
      migrate: false,
      createSchema: false,
      useListenNotify: true,
      monitorVacuum: false,
      reindex: false,
    });
    this.#boss.on('error', (fault) => log.warn({ cause: describeError(fault) }, 'the queues failed'));
  }

  async start(): Promise<void> {
    await this.#boss.start();
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: finishMs });
  }

  /** Written with the transaction; what it rolls back was never asked for. */
  async send<Q extends QueueName>(transaction: Queryable, queue: Q, data: QueueData[Q]): Promise<void> {
    await this.#boss.send(queue, data, { db: fromKysely(transaction) });
  }

  /** What `attempt` throws makes it be tried again later, until the queue's tries are used up. */
  async work<Q extends QueueName>(queue: Q, attempt: (what: Attempt<Q>) => Promise<void>): Promise<void> {
    const options = {
      includeMetadata: true,
      pollingIntervalSeconds: 5,
      batchSize: 1,
      localConcurrency: 4,
    } as const;
    await this.#boss.work<QueueData[Q], void, typeof options>(queue, options, async (jobs) => {
      for (const { data, retryCount, retryLimit, signal } of jobs) {
        await attempt({ data, isLast: retryCount >= retryLimit, signal });
      }
    });
  }

  /** Runs `work` by the clock, as `cron` says in UTC, on one of all replicas. */
  async every(
    name: `chore-${string}`,
    cron: string,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    await this.#boss.createQueue(name, { policy: 'singleton', retryLimit: 2, expireInSeconds: 600 });
    await this.#boss.schedule(name, cron);
    await this.#boss.work(name, { pollingIntervalSeconds: 30 }, async ([job]) => {
      if (job !== undefined) await work(job.signal);
    });
  }
}

/** Makes the tables of the queues, or brings them up to date; part of the migration. */
export async function migrateQueues(databaseUrl: string): Promise<void> {
  const boss = new PgBoss({
    connectionString: databaseUrl,
    schema: queueSchema,
    max: 2,
    supervise: false,
    schedule: false,
  });
  const faults: Error[] = [];
  boss.on('error', (fault) => faults.push(fault));
  await boss.start();
  try {
    for (const [name, rule] of Object.entries(rules)) {
      const options = {
        ...rule,
        retryBackoff: true,
        retryDelayMax: longestDelaySec,
        notify: true,
        deleteAfterSeconds: keepDays * 86_400,
      };
      await boss.createQueue(name, options);
      await boss.updateQueue(name, options);
    }
  } finally {
    await boss.stop({ graceful: false });
  }
  const [fault] = faults;
  if (fault !== undefined) throw fault;
}
