import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { newId, uuidFromId } from '@wrenn/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemActor } from '../access/principal.ts';
import { ChainWalk, type Finding } from './chain-walk.ts';
import { chainSeal, noDigest } from './digest.ts';
import type { Happening } from './happening.ts';
import { nextEntry } from './next-entry.ts';
import { storableHappening } from './storable.ts';
import type { SealedChain, StoredEntry } from './stored-entry.ts';

const key = newKey();
const teamId = newId('team');
const team = uuidFromId(teamId);
const ann = { type: 'user', id: newId('user'), name: 'Ann' } as const;

function newKey(): KeyObject {
  return createSecretKey(randomBytes(32));
}

interface Chain {
  readonly chain: SealedChain;
  readonly entries: readonly StoredEntry[];
}

function sealed(facts: Omit<SealedChain, 'seal'>): SealedChain {
  return { ...facts, seal: chainSeal(key, facts) };
}

/** A chain as it is written, of what happened. */
function written(happenings: readonly Happening[], by: KeyObject = key): Chain {
  const begin = { teamId: team, number: 0, digest: noDigest, removedNumber: 0, removedDigest: noDigest };
  let end: { number: number; digest: Buffer } = begin;
  const entries = happenings.map((happening) => {
    const row = nextEntry(by, team, end, storableHappening(happening));
    end = row;
    return stored(row);
  });
  return { chain: sealed({ ...begin, ...end }), entries };
}

function stored(row: ReturnType<typeof nextEntry>): StoredEntry {
  return {
    facts: {
      teamId: row.team_id,
      id: row.id,
      number: row.number,
      createdAt: row.created_at,
      actorType: row.actor_type,
      resourceType: row.resource_type,
      resourceId: row.resource_id,
      action: row.action,
      scope: row.scope,
      status: row.status,
      metadata: JSON.parse(row.metadata),
    },
    person: { actorId: row.actor_id, actorName: row.actor_name, personal: JSON.parse(row.personal) },
    salt: row.personal_salt,
    personalPart: row.personal_digest,
    digest: row.digest,
  };
}

function findings({ chain, entries }: Chain): readonly Finding[] {
  const walk = new ChainWalk(key, chain);
  const sorted = entries.toSorted((a, b) => a.facts.number - b.facts.number);
  return [...sorted.flatMap((entry) => walk.next(entry)), ...walk.end()];
}

const happening: fc.Arbitrary<Happening> = fc.record({
  teamId: fc.constant(teamId),
  actor: fc.constantFrom(ann, systemActor),
  what: fc.constantFrom('capsule.create', 'member.add', 'user.sign_in'),
  resourceId: fc.option(fc.string(), { nil: undefined }),
  metadata: fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })),
  personal: fc.dictionary(fc.string(), fc.string({ unit: 'binary' })),
});
const chain = fc.array(happening, { minLength: 3, maxLength: 8 }).map((all) => written(all));

/** A chain, and the place of one of its entries. */
const chosen = chain.chain((made) => fc.tuple(fc.constant(made), fc.nat(made.entries.length - 1)));

function replaced({ chain: facts, entries }: Chain, index: number, entry: StoredEntry): Chain {
  return { chain: facts, entries: entries.with(index, entry) };
}

function at({ entries }: Chain, index: number): StoredEntry {
  const entry = entries[index];
  if (entry === undefined) throw new Error(`no entry at ${index}`);
  return entry;
}

test('a chain as it was written is whole, whatever is in it', () => {
  fc.assert(
    fc.property(chain, (made) => {
      expect(findings(made)).toEqual([]);
    }),
  );
});

const alterations: readonly ((entry: StoredEntry) => StoredEntry)[] = [
  (entry) => ({ ...entry, facts: { ...entry.facts, id: crypto.randomUUID() } }),
  (entry) => ({ ...entry, facts: { ...entry.facts, teamId: crypto.randomUUID() } }),
  (entry) => ({ ...entry, facts: { ...entry.facts, createdAt: '2020-01-01T00:00:00.000Z' } }),
  (entry) => ({ ...entry, facts: { ...entry.facts, createdAt: entry.facts.createdAt.replace('Z', '001Z') } }),
  (entry) => ({ ...entry, facts: { ...entry.facts, actorType: 'api_key' } }),
  (entry) => ({ ...entry, facts: { ...entry.facts, resourceType: 'other' } }),
  (entry) => ({ ...entry, facts: { ...entry.facts, resourceId: `${entry.facts.resourceId}x` } }),
  (entry) => ({ ...entry, facts: { ...entry.facts, action: 'other' } }),
  (entry) => ({
    ...entry,
    facts: { ...entry.facts, scope: entry.facts.scope === 'team' ? 'admin' : 'team' },
  }),
  (entry) => ({ ...entry, facts: { ...entry.facts, status: 'warning' } }),
  (entry) => ({ ...entry, facts: { ...entry.facts, metadata: { altered: true } } }),
  (entry) => ({ ...entry, person: { ...entry.person, actorId: newId('user') } }),
  (entry) => ({ ...entry, person: { ...entry.person, actorName: 'Eve' } }),
  (entry) => ({ ...entry, person: { ...entry.person, personal: { altered: 'x' } } }),
  (entry) => ({ ...entry, salt: randomBytes(16) }),
  (entry) => ({ ...entry, personalPart: randomBytes(32) }),
  (entry) => ({ ...entry, digest: randomBytes(32) }),
];

test('any field of any entry that is altered is found, and said of that entry', () => {
  fc.assert(
    fc.property(chosen, fc.constantFrom(...alterations), ([made, index], alter) => {
      const found = findings(replaced(made, index, alter(at(made, index))));
      expect(found[0]).toMatchObject({ what: 'altered', number: index + 1, team: teamId });
      expect(found).toHaveLength(1);
    }),
  );
});

test('any entries that are removed are found, also the first and the last', () => {
  fc.assert(
    fc.property(chain, fc.infiniteStream(fc.boolean()), (made, keep) => {
      const kept = made.entries.filter(() => keep.next().value);
      fc.pre(kept.length < made.entries.length);
      const found = findings({ ...made, entries: kept });
      const gone = made.entries.find((entry) => !kept.includes(entry));
      expect(found[0]).toMatchObject({ what: 'missing', number: gone?.facts.number });
      for (const { what } of found) expect(what).toBe('missing');
    }),
  );
});

test('two entries that have changed places are found', () => {
  fc.assert(
    fc.property(chosen, fc.nat(), ([made, index], other) => {
      const second = other % made.entries.length;
      fc.pre(second !== index);
      const [a, b] = [at(made, index), at(made, second)];
      const swapped = made.entries
        .with(index, { ...b, facts: { ...b.facts, number: a.facts.number } })
        .with(second, { ...a, facts: { ...a.facts, number: b.facts.number } });
      const numbers = findings({ ...made, entries: swapped }).map(({ number }) => number);
      expect(numbers).toEqual(expect.arrayContaining([index + 1, second + 1]));
    }),
  );
});

test('an entry that was put in is found: in the middle, at the end, and made with another key', () => {
  fc.assert(
    fc.property(chosen, happening, fc.boolean(), ([made, index], forged, moves) => {
      const before =
        index === 0
          ? { number: 0, digest: noDigest }
          : { ...at(made, index - 1).facts, ...at(made, index - 1) };
      const entry = stored(nextEntry(newKey(), team, before, storableHappening(forged)));
      const after = made.entries.slice(index);
      const moved = moves
        ? after.map((each) => ({ ...each, facts: { ...each.facts, number: each.facts.number + 1 } }))
        : after.slice(1);
      const found = findings({ ...made, entries: [...made.entries.slice(0, index), entry, ...moved] });
      expect(found[0]).toMatchObject({
        what: 'altered',
        number: index + 1,
        id: expect.stringMatching(/^log-/),
      });
    }),
  );
});

test('what was written after the end, or before what was removed, was put in', () => {
  const made = written(Array.from({ length: 4 }, () => ({ teamId, actor: ann, what: 'capsule.create' })));
  const { chain: facts, entries } = made;
  const shorter = sealed({ ...facts, number: 3, digest: at(made, 2).digest });
  expect(findings({ chain: shorter, entries })).toMatchObject([{ what: 'put_in', number: 4 }]);
  const later = sealed({ ...facts, removedNumber: 1, removedDigest: at(made, 0).digest });
  expect(findings({ chain: later, entries })).toMatchObject([{ what: 'put_in', number: 1 }]);
  expect(findings({ chain: later, entries: entries.slice(1) })).toEqual([]);
});

test('without the key nobody can let a chain end earlier, or begin later', () => {
  const made = written(Array.from({ length: 4 }, () => ({ teamId, actor: ann, what: 'capsule.create' })));
  const { chain: facts, entries } = made;
  const shorter = { ...facts, number: 3, digest: at(made, 2).digest };
  expect(findings({ chain: shorter, entries: entries.slice(0, 3) })).toMatchObject([{ what: 'chain' }]);
  const later = { ...facts, removedNumber: 1, removedDigest: at(made, 0).digest };
  expect(findings({ chain: later, entries: entries.slice(1) })).toMatchObject([{ what: 'chain' }]);
});

test('a person can be forgotten, and nobody put in their place', () => {
  fc.assert(
    fc.property(chosen, ([made, index]) => {
      const entry = at(made, index);
      const person = { actorId: null, actorName: 'deleted-user', personal: {} };
      const forgotten = { ...entry, salt: null, person };
      expect(findings(replaced(made, index, forgotten))).toEqual([]);
      for (const other of [
        { actorId: newId('user') },
        { actorName: 'Eve' },
        { personal: { email: 'eve@b.c' } },
      ]) {
        const named = { ...forgotten, person: { ...person, ...other } };
        expect(findings(replaced(made, index, named))).toMatchObject([
          { what: 'altered', number: index + 1 },
        ]);
      }
    }),
  );
});
