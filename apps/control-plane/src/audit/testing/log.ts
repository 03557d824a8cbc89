import { randomBytes } from 'node:crypto';
import { Secret, type TeamId } from '@wrenn/core';
import { systemActor } from '../../access/principal.ts';
import { type Database, openDatabase } from '../../db/database.ts';
import { chainKey } from '../digest.ts';
import type { Happening } from '../happening.ts';
import { type Verdict, verifyChains } from '../verify.ts';
import { testRecorder } from './recorder.ts';

/** An audit log in a database of its own, and nothing around it. */
export class TestLog implements AsyncDisposable {
  readonly key: Secret;
  readonly database: Database;
  readonly recorder;

  constructor(url: string, key = new Secret(randomBytes(32).toString('hex'))) {
    this.key = key;
    this.database = openDatabase(url, () => undefined);
    this.recorder = testRecorder(url, this.key);
  }

  /** Writes so many entries, one in each transaction. */
  async write(teamId: TeamId, count: number, more: Partial<Happening> = {}): Promise<void> {
    for (let made = 0; made < count; made += 1)
      await this.record({ teamId, actor: systemActor, what: 'capsule.create', ...more });
  }

  async record(...happenings: readonly Happening[]): Promise<void> {
    await this.database
      .transaction()
      .execute((transaction) => this.recorder.record(transaction, ...happenings));
  }

  async verify(team?: TeamId): Promise<Verdict> {
    return await verifyChains(this.database, chainKey(this.key), { team, seen: () => undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database.destroy();
  }
}
