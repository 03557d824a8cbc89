import { type Bucket, Tier, type TierShape } from './tier.ts';
import type { Point, Usage } from './usage.ts';

/** From the finest on. The finest keeps samples as they come, which is once a second at the most. */
const shapes: readonly TierShape[] = [
  { stepSec: 1, spanSec: 600 },
  { stepSec: 30, spanSec: 7_200 },
  { stepSec: 300, spanSec: 86_400 },
];

/** The longest that is kept. */
export const longestRangeSec = 86_400;

export interface Excerpt {
  readonly points: readonly Point[];
  /** Of averages; 1 of samples, which are as far apart as they were taken. */
  readonly stepSec: number;
}

/** What one capsule used in the last day, the more finely the later: samples, and averages of them. */
export class History {
  readonly #tiers: readonly Tier[];

  constructor(buckets: readonly (readonly Bucket[])[] = []) {
    this.#tiers = shapes.map((shape, index) => new Tier(shape, buckets[index]));
  }

  /** All that is kept, from the finest tier on. */
  get buckets(): readonly (readonly Bucket[])[] {
    return this.#tiers.map((tier) => tier.buckets);
  }

  /** When the last sample was taken; undefined where there was none. */
  get lastAt(): number | undefined {
    return this.#tiers[0]?.buckets.at(-1)?.at;
  }

  add(atSec: number, usage: Usage): void {
    for (const tier of this.#tiers) tier.add(atSec, usage);
  }

  /** The last `rangeSec` before `untilSec`, as finely as it is known for so long. */
  excerpt(rangeSec: number, untilSec: number): Excerpt {
    const tier = this.#tiers.find(({ shape }) => shape.spanSec >= rangeSec) ?? this.#tiers.at(-1);
    if (tier === undefined) return { points: [], stepSec: 1 };
    const { stepSec } = tier.shape;
    const from = untilSec - rangeSec;
    // An average counts where a part of its time does.
    const isWithin = ({ at }: Point) => at + stepSec > from && at <= untilSec;
    return { points: tier.buckets.filter(isWithin), stepSec };
  }
}
