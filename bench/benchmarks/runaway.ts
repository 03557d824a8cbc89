import { lookAt, roundsAtWorst, runaways } from '../../tests/support/runaways.ts';
import { type Benchmark, timed } from '../benchmark.ts';
import type { Installation } from '../installation.ts';
import { round } from '../statistics.ts';

/** What is promised of a command in a capsule that a program has run away in. */
const promisedMs = 2_000;

export const runaway: Benchmark = {
  name: 'runaway',
  defaultRuns: 1,
  what: 'the slowest command in a capsule while a runaway program takes all it can get, against the 2 s that are promised',
  async run({ wrenn, runs, note }) {
    const ours: Record<string, number> = {};
    for (let turn = 0; turn < runs; turn++) {
      for (const each of runaways) {
        const slowest = await slowestAnswer(wrenn, each);
        note(`${each.what}: ${round(slowest)} ms`);
        ours[each.what] = Math.max(ours[each.what] ?? 0, round(slowest));
      }
    }
    const slowest_ms = Math.max(...Object.values(ours));
    return {
      ours: { ...ours, slowest_ms },
      floor: { promised_ms: promisedMs },
      ratio: { slowest: round(slowest_ms / promisedMs) },
      bar: { slowest: 1 },
    };
  },
};

/** In milliseconds, of all from the runaway's start until some after it has taken all. */
async function slowestAnswer(
  { client }: Installation,
  { command, file, saysWorst }: (typeof runaways)[number],
): Promise<number> {
  const { id } = await client.capsules.create();
  const stop = new AbortController();
  try {
    // The first command of a new capsule finds none of its code in an emulator.
    await client.capsules.exec(id, { cmd: 'true' });
    const running = client.capsules.exec(id, { ...command, timeoutSec: 300 }, { signal: stop.signal });
    const ended = running.then(
      (result) => new Error(`the runaway ended: ${JSON.stringify(result)}`),
      (thrown: unknown) => (stop.signal.aborted ? undefined : thrown),
    );
    let slowest = 0;
    for (let worst = 0; worst < roundsAtWorst; ) {
      const ms = await timed(async () => {
        const { stdout } = await client.capsules.exec(id, lookAt(file));
        if (saysWorst(stdout)) worst += 1;
      });
      slowest = Math.max(slowest, ms);
    }
    stop.abort();
    const fault = await ended;
    if (fault !== undefined) throw fault;
    return slowest;
  } finally {
    stop.abort();
    await client.capsules.destroy(id);
  }
}
