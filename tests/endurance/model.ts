import { type Content, describeContent, hashOf } from './content.ts';

/** Where content is: `disk/NAME`, `memory/NAME` (a file in memory), or `process`, what a running program remembers. */
export type Place = string;

export interface Held {
  /** What may be there, where undefined is nothing; more than one only after a change that was broken off. */
  readonly now: readonly (Content | undefined)[];
  /** What the disk holds for certain, whatever happens to the machine; `unknown` until it is flushed. */
  readonly durable: Content | 'nothing' | 'unknown';
}

/** All that a capsule knows. */
export type Places = ReadonlyMap<Place, Held>;

export interface CapsuleModel {
  readonly id: string;
  /** Short, and the same for the same seed. */
  readonly label: string;
  status: 'running' | 'paused';
  places: Map<Place, Held>;
  readonly history: string[];
}

export interface SnapshotModel {
  readonly name: string;
  readonly places: Places;
}

/** What ought to be true of an installation. */
export class World {
  readonly capsules = new Map<string, CapsuleModel>();
  readonly snapshots = new Map<string, SnapshotModel>();
  #labels = 0;
  #changes = 0;

  add(id: string, places: Places, origin: string): CapsuleModel {
    this.#labels += 1;
    const capsule: CapsuleModel = {
      id,
      label: `c${this.#labels}`,
      status: 'running',
      places: new Map(places),
      history: [origin],
    };
    this.capsules.set(id, capsule);
    return capsule;
  }

  withStatus(status: CapsuleModel['status']): CapsuleModel[] {
    return [...this.capsules.values()].filter((capsule) => capsule.status === status);
  }

  /** Changes have numbers that grow, so that a guest can refuse one that comes too late. */
  nextChange(): number {
    this.#changes += 1;
    return this.#changes;
  }
}

/** A hash for each place that has something. */
export type Observed = ReadonlyMap<Place, string>;

/** What differs between a capsule and its model; where the model allowed more than one thing it learns which it was. */
export function compare(capsule: CapsuleModel, observed: Observed): string[] {
  const wrong: string[] = [];
  for (const place of new Set([...capsule.places.keys(), ...observed.keys()])) {
    const held = capsule.places.get(place) ?? { now: [undefined], durable: 'unknown' as const };
    const hash = observed.get(place);
    const found = held.now.findIndex((content) => hashOrNothing(content) === hash);
    if (found === -1) {
      const expected = held.now.map((content) => describeContent(content)).join(' or ');
      wrong.push(`${place}: expected ${expected}, found ${hash ?? 'nothing'}`);
    } else if (held.now.length > 1) {
      capsule.places.set(place, { ...held, now: [held.now[found]] });
    }
  }
  return wrong;
}

const hashes = new Map<string, string>();

export function hashOrNothing(content: Content | undefined): string | undefined {
  if (content === undefined) return undefined;
  const key = JSON.stringify(content);
  const known = hashes.get(key) ?? hashOf(content);
  hashes.set(key, known);
  return known;
}
