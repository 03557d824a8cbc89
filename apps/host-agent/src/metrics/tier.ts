import type { Point, Usage } from './usage.ts';

/** How finely, and for how long. */
export interface TierShape {
  readonly stepSec: number;
  readonly spanSec: number;
}

/** A point, and of how many samples it is the average. */
export interface Bucket extends Point {
  readonly count: number;
}

/**
 * The averages of all samples of each step, for so long; a step without samples has none. Holds as many as fit, whatever
 * it is given.
 */
export class Tier {
  readonly shape: TierShape;
  #buckets: Bucket[];

  /** `buckets` as another one had them. */
  constructor(shape: TierShape, buckets: readonly Bucket[] = []) {
    this.shape = shape;
    this.#buckets = [];
    for (const bucket of buckets.toSorted((a, b) => a.at - b.at))
      this.#put({ ...bucket, at: this.#beginOf(bucket.at) });
  }

  get buckets(): readonly Bucket[] {
    return this.#buckets;
  }

  add(atSec: number, usage: Usage): void {
    const at = this.#beginOf(atSec);
    // The clock was set back: what lies in the future now, would be there twice.
    if ((this.#buckets.at(-1)?.at ?? at) > at) this.#buckets = this.#buckets.filter((each) => each.at <= at);
    this.#put({ at, ...usage, count: 1 });
  }

  #beginOf(atSec: number): number {
    const { stepSec } = this.shape;
    return Math.floor(atSec / stepSec) * stepSec;
  }

  #put(bucket: Bucket): void {
    const last = this.#buckets.at(-1);
    if (last?.at === bucket.at) this.#buckets[this.#buckets.length - 1] = average(last, bucket);
    else this.#buckets.push(bucket);
    const oldest = bucket.at - this.shape.spanSec;
    while ((this.#buckets[0]?.at ?? bucket.at) <= oldest) this.#buckets.shift();
  }
}

function average(a: Bucket, b: Bucket): Bucket {
  const count = a.count + b.count;
  const of = (name: keyof Usage) => a[name] + (b[name] - a[name]) * (b.count / count);
  return {
    at: a.at,
    count,
    cpuPct: of('cpuPct'),
    memBytes: of('memBytes'),
    memTotalBytes: of('memTotalBytes'),
    diskBytes: of('diskBytes'),
    diskTotalBytes: of('diskTotalBytes'),
  };
}
