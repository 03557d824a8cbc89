import type { KeyObject } from 'node:crypto';
import { type AuditEntryId, idFromUuid, type TeamId } from '@wrenn/core';
import { canonical, chainSeal, entryDigest, personalDigest } from './digest.ts';
import { forgottenName } from './forget-actor.ts';
import type { SealedChain, StoredEntry } from './stored-entry.ts';

/** Something that is not as it was written. */
export interface Finding {
  readonly team: TeamId;
  /** `missing`: an entry is not there; `altered`: it is, but differs; `put_in`: nobody wrote it; `chain`: an end. */
  readonly what: 'missing' | 'altered' | 'put_in' | 'chain';
  /** Of the entry, or the first of several. */
  readonly number: number;
  readonly id?: AuditEntryId;
  readonly detail: string;
}

/** Follows one chain from its beginning, entry by entry, and says what does not fit. */
export class ChainWalk {
  readonly #key: KeyObject;
  readonly #chain: SealedChain;
  readonly #team: TeamId;
  /** Of the last entry that was seen. */
  #number: number;
  /** What the next entry may follow: undefined after a gap, where it is not known. */
  #before: readonly Buffer[] | undefined;

  constructor(key: KeyObject, chain: SealedChain) {
    this.#key = key;
    this.#chain = chain;
    this.#team = idFromUuid('team', chain.teamId);
    this.#number = chain.removedNumber;
    this.#before = [chain.removedDigest];
  }

  /** What is wrong with the next entry, in the order of numbers, or before it. */
  next(entry: StoredEntry): readonly Finding[] {
    const { number } = entry.facts;
    if (number <= this.#chain.removedNumber || number > this.#chain.number) {
      return [this.#of(entry, 'put_in', 'is outside of the chain, where nothing was written')];
    }
    const missing = this.#missingUpTo(number - 1);
    const doubts = [this.#doubtOfPerson(entry), this.#doubtOfFacts(entry)].filter((doubt) => doubt !== '');
    this.#number = number;
    return [...missing, ...(doubts.length === 0 ? [] : [this.#of(entry, 'altered', doubts.join('; '))])];
  }

  /** What is wrong with the end, once all entries were seen. */
  end(): readonly Finding[] {
    const missing = this.#missingUpTo(this.#chain.number);
    const isLast = this.#before?.some((digest) => digest.equals(this.#chain.digest)) ?? true;
    return [
      ...missing,
      ...(isLast ? [] : [this.#ofChain('its last entry is not the one that it ends with')]),
      ...(chainSeal(this.#key, this.#chain).equals(this.#chain.seal)
        ? []
        : [this.#ofChain('where it begins or ends was altered, or written with another key')]),
    ];
  }

  #missingUpTo(number: number): readonly Finding[] {
    const first = this.#number + 1;
    if (first > number) return [];
    this.#before = undefined;
    const detail = first === number ? 'is not there' : `and all up to ${number} are not there`;
    return [{ team: this.#team, what: 'missing', number: first, detail }];
  }

  #doubtOfPerson({ salt, personalPart, person }: StoredEntry): string {
    if (salt !== null) {
      const isSame = personalDigest(this.#key, salt, person).equals(personalPart);
      return isSame ? '' : 'who it names is not who it named';
    }
    const { actorId, actorName, personal } = person;
    const isForgotten = actorId === null && actorName === forgottenName && canonical(personal) === '{}';
    return isForgotten ? '' : 'it names somebody although its names were forgotten';
  }

  /** Also sees to what the next entry may follow: this one as it stands, or as it would be if only its digest differed. */
  #doubtOfFacts({ facts, personalPart, digest }: StoredEntry): string {
    const wanted = this.#before?.map((before) => entryDigest(this.#key, before, personalPart, facts));
    const isWhole = wanted === undefined || wanted.some((each) => each.equals(digest));
    this.#before = isWhole ? [digest] : [digest, ...wanted.slice(0, 1)];
    return isWhole
      ? ''
      : 'it, or the one before it, is not what was written with the key of this installation';
  }

  #of({ facts }: StoredEntry, what: Finding['what'], detail: string): Finding {
    return { team: this.#team, what, number: facts.number, id: idFromUuid('auditEntry', facts.id), detail };
  }

  #ofChain(detail: string): Finding {
    return { team: this.#team, what: 'chain', number: this.#chain.number, detail };
  }
}
