import type { MetricPoint } from '@wrenn/protocol/hostagent';

const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;
/** What a host keeps, and how finely. */
const tiers = [
  { stepSec: 5, spanSec: 600 },
  { stepSec: 30, spanSec: 7_200 },
  { stepSec: 300, spanSec: 86_400 },
] as const;
const [finest] = tiers;

/** What a fake capsule uses: waves, for as long as it ran, which look like something in a chart. */
export class FakeMetrics {
  readonly #memoryMb: number;
  /** When it ran, in milliseconds; the last is open while it does. */
  readonly #spells: { readonly from: number; to: number }[] = [];

  constructor(memoryMb: number, nowMs: number) {
    this.#memoryMb = memoryMb;
    this.begin(nowMs);
  }

  begin(nowMs: number): void {
    if (this.#last.to !== Infinity) this.#spells.push({ from: nowMs, to: Infinity });
  }

  end(nowMs: number): void {
    this.#last.to = Math.min(this.#last.to, nowMs);
  }

  read(rangeSec: number, nowMs: number): { points: Omit<MetricPoint, '$typeName'>[]; intervalSec: number } {
    const { stepSec } = tiers.find(({ spanSec }) => spanSec >= rangeSec) ?? finest;
    const until = Math.min(nowMs, this.#last.to);
    const first = Math.ceil((until / 1000 - rangeSec) / stepSec);
    const last = Math.floor(until / 1000 / stepSec);
    const times = Array.from({ length: last - first + 1 }, (_, at) => (first + at) * stepSec);
    const ran = times.filter((at) => this.#ranWithin(at * 1000, (at + stepSec) * 1000));
    return { points: ran.map((at) => this.#pointAt(at)), intervalSec: stepSec };
  }

  get #last(): { readonly from: number; to: number } {
    return this.#spells.at(-1) ?? { from: 0, to: 0 };
  }

  #ranWithin(fromMs: number, toMs: number): boolean {
    return this.#spells.some(({ from, to }) => from < toMs && to >= fromMs);
  }

  #pointAt(at: number): Omit<MetricPoint, '$typeName'> {
    const memTotal = this.#memoryMb * mebibyte * 0.95;
    return {
      timestampUnix: BigInt(at),
      cpuPct: 20 + 12 * wave(at, 60) + 6 * wave(at, 13),
      memBytes: whole(memTotal * (0.3 + 0.08 * wave(at, 180))),
      memTotalBytes: whole(memTotal),
      diskBytes: whole(1.2 * gibibyte + 50 * mebibyte * wave(at, 900)),
      diskTotalBytes: whole(5 * gibibyte),
    };
  }
}

/** From -1 to 1, once in `periodSec`. */
function wave(at: number, periodSec: number): number {
  return Math.sin((at / periodSec) * 2 * Math.PI);
}

function whole(value: number): bigint {
  return BigInt(Math.round(value));
}
