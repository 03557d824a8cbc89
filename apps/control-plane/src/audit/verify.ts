import type { KeyObject } from 'node:crypto';
import { type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import type { Database } from '../db/database.ts';
import { ChainWalk, type Finding } from './chain-walk.ts';
import { entriesAfter, findChain, teamsWithChain } from './stored-entry.ts';

/** What came of looking at the audit log. */
export interface Verdict {
  readonly chains: number;
  readonly entries: number;
  /** Entries whose person was forgotten: who that was cannot be verified any more, all else can. */
  readonly forgotten: number;
  /** The first ones, if there are very many. */
  readonly findings: readonly Finding[];
  readonly wrong: number;
}

const pageSize = 500;
const mostFindings = 1_000;

/** Looks at one team's chain, or at all; `seen` hears how many entries were looked at so far. */
export async function verifyChains(
  database: Database,
  key: KeyObject,
  { team, seen }: { readonly team: TeamId | undefined; readonly seen: (entries: number) => void },
): Promise<Verdict> {
  const tally = new Tally(seen);
  if (team !== undefined && !(await verifyChain(database, key, uuidFromId(team), tally))) {
    throw new WrennError('not_found', `nothing was ever written to the audit log of ${team}`);
  }
  for (let after: string | undefined; team === undefined; ) {
    const teams = await teamsWithChain(database, after, pageSize);
    for (const each of teams) await verifyChain(database, key, each, tally);
    after = teams.at(-1);
    if (after === undefined) break;
  }
  return tally.verdict();
}

/** In one view of the database, so that what is written or removed meanwhile is no finding. False for a team without. */
async function verifyChain(database: Database, key: KeyObject, team: string, tally: Tally): Promise<boolean> {
  return await database
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (transaction) => {
      const chain = await findChain(transaction, team);
      if (chain === undefined) return false;
      const walk = new ChainWalk(key, chain);
      for (let last: number | undefined = 0; last !== undefined; ) {
        const entries = await entriesAfter(transaction, team, last, pageSize);
        for (const entry of entries) tally.found(walk.next(entry));
        tally.saw(entries.length, entries.filter(({ salt }) => salt === null).length);
        last = entries.at(-1)?.facts.number;
      }
      tally.found(walk.end());
      tally.chains += 1;
      return true;
    });
}

class Tally {
  chains = 0;
  readonly #seen: (entries: number) => void;
  readonly #findings: Finding[] = [];
  #entries = 0;
  #forgotten = 0;
  #wrong = 0;

  constructor(seen: (entries: number) => void) {
    this.#seen = seen;
  }

  found(findings: readonly Finding[]): void {
    this.#wrong += findings.length;
    this.#findings.push(...findings.slice(0, mostFindings - this.#findings.length));
  }

  saw(entries: number, forgotten: number): void {
    this.#entries += entries;
    this.#forgotten += forgotten;
    this.#seen(this.#entries);
  }

  verdict(): Verdict {
    return {
      chains: this.chains,
      entries: this.#entries,
      forgotten: this.#forgotten,
      findings: this.#findings,
      wrong: this.#wrong,
    };
  }
}
