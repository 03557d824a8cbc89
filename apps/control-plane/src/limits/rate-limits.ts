import { createHash } from 'node:crypto';
import { WrennError } from '@wrenn/core';
import { CompiledQuery } from 'kysely';
import { type IRateLimiterRes, RateLimiterPostgres } from 'rate-limiter-flexible';
import type { Database } from '../db/database.ts';

interface Limit {
  /** So many … */
  readonly points: number;
  /** … in so many seconds. */
  readonly sec: number;
}

/** What may be done how often, over all replicas. */
export const limits = {
  /** Wrong passwords for one account, and from one address. */
  'sign-in-account': { points: 10, sec: 900 },
  'sign-in-address': { points: 50, sec: 900 },
  'sign-up-address': { points: 10, sec: 3600 },
  /** Mails that strangers can have sent to one address. */
  'mail-account': { points: 5, sec: 3600 },
  'mail-address': { points: 20, sec: 3600 },
  /** Tokens from mails and links that were shown, and were none. */
  'token-address': { points: 30, sec: 900 },
  /** Answers of providers that somebody comes back with. */
  'provider-address': { points: 60, sec: 900 },
  /** Each way to a provider leads back once. */
  'provider-state': { points: 1, sec: 900 },
  'password-user': { points: 10, sec: 900 },
  /** Teams that one person makes, and people that they add or invite, in whatever teams. */
  'teams-user': { points: 20, sec: 3600 },
  'invite-team': { points: 50, sec: 3600 },
  'invite-user': { points: 50, sec: 3600 },
  /** Invitations to one address: not among the mails above, or it could be kept from getting those. */
  'invite-account': { points: 5, sec: 3600 },
  /** Invitations that somebody wanted to accept, and were none. */
  'token-user': { points: 30, sec: 900 },
  'keys-team': { points: 60, sec: 3600 },
  'channel-test-team': { points: 20, sec: 600 },
  'search-user': { points: 60, sec: 60 },
} as const satisfies Readonly<Record<string, Limit>>;
export type LimitName = keyof typeof limits;

/** Counts in the database, so that all replicas count together and a restart forgets nothing. */
export class RateLimits {
  readonly #limiters: ReadonlyMap<string, RateLimiterPostgres>;

  constructor(database: Database) {
    const storeClient = {
      query: async ({ text, values }: { text: string; values: unknown[] }) => {
        const { rows } = await database.executeQuery(CompiledQuery.raw(text, values));
        return { rows, rowCount: rows.length };
      },
    };
    this.#limiters = new Map(
      Object.entries(limits).map(([name, { points, sec }]) => [
        name,
        new RateLimiterPostgres({
          storeClient,
          storeType: 'client',
          tableName: 'rate_limits',
          tableCreated: true,
          clearExpiredByTimeout: false,
          keyPrefix: name,
          points,
          duration: sec,
        }),
      ]),
    );
  }

  /** Counts one; throws `rate_limited` when that is one too many. */
  async take(name: LimitName, subject: string): Promise<void> {
    // Whoever has nothing left is refused by a read, which waits for nobody else's write.
    await this.check(name, subject);
    try {
      await this.#of(name).consume(keyOf(subject));
    } catch (thrown) {
      throw refused(name, thrown);
    }
  }

  /** Throws `rate_limited` when nothing is left, and counts nothing. */
  async check(name: LimitName, subject: string): Promise<void> {
    const found = await this.#of(name).get(keyOf(subject));
    if (found !== null && found.remainingPoints <= 0) throw refused(name, found);
  }

  /** Takes back one that was counted. */
  async giveBack(name: LimitName, subject: string): Promise<void> {
    await this.#of(name).reward(keyOf(subject));
  }

  /** Forgets what was counted. */
  async forget(name: LimitName, subject: string): Promise<void> {
    await this.#of(name).delete(keyOf(subject));
  }

  #of(name: LimitName): RateLimiterPostgres {
    const limiter = this.#limiters.get(name);
    if (limiter === undefined) throw new TypeError(`there is no limit ${name}`);
    return limiter;
  }
}

/** Subjects may be longer than the column, and are often addresses of people. */
function keyOf(subject: string): string {
  return createHash('sha256').update(subject).digest('base64url');
}

/** What the library rejects with: how long to wait, or the fault of the database. */
function refused(name: LimitName, thrown: unknown): unknown {
  if (thrown instanceof Error || typeof thrown !== 'object' || thrown === null) return thrown;
  const { msBeforeNext = 0 } = thrown as Partial<IRateLimiterRes>;
  const retryAfterSec = Math.max(1, Math.ceil(msBeforeNext / 1000));
  return new WrennError('rate_limited', `this was tried too often (${name})`, {
    remedy: `try again in ${retryAfterSec} s`,
    retryAfterSec,
  });
}
