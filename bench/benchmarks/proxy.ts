import { mkdtemp, rm } from 'node:fs/promises';
import { Cleanup } from '@wrenn/core';
import type { StandaloneBenchmark, StandaloneContext } from '../benchmark.ts';
import { startCaddyBackend, startCaddyProxy } from '../floors/caddy.ts';
import { startEdgeAlone } from '../loads/edge-alone.ts';
import { installDebian } from '../loads/install-debian.ts';
import { type Load, wrk } from '../loads/wrk.ts';
import { percentile, round } from '../statistics.ts';

const runSec = 8;

export const proxy: StandaloneBenchmark = {
  name: 'proxy',
  defaultRuns: 5,
  what: 'requests a second and their p99 through the edge to a local server, against Caddy before the same server',
  async runAlone(context) {
    await installDebian(['caddy', 'wrk'], context.note);
    await using cleanup = new Cleanup();
    // Reachable for the user that Caddy runs as here: root, since nothing else is set up.
    const folder = await mkdtemp('/var/tmp/bench-proxy-');
    await cleanup.add('folder', () => rm(folder, { recursive: true }));
    const backend = await startCaddyBackend(folder, cleanup, context.signal);
    const caddy = await startCaddyProxy(folder, backend, cleanup, context.signal);
    const edge = await startEdgeAlone(folder, backend, cleanup, context.signal);
    const targets = { ours: edge, floor: { url: caddy, host: 'localhost' } };
    const loads = await inTurns(targets, context);
    const ours = summary(loads.ours);
    const floor = summary(loads.floor);
    return {
      ours: { ...ours },
      floor: { ...floor },
      ratio: { rps: round(ours.rps / floor.rps), p99: round(ours.p99_ms / floor.p99_ms) },
      bar: { rps: 0.7 },
    };
  },
};

interface Target {
  readonly url: string;
  readonly host: string;
}

async function inTurns(targets: Readonly<Record<'ours' | 'floor', Target>>, context: StandaloneContext) {
  const loads = { ours: [] as Load[], floor: [] as Load[] };
  // The first of each warms it up.
  for (let turn = 0; turn <= context.runs; turn++) {
    const order = turn % 2 === 0 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const);
    for (const which of order) {
      const load = await wrk({ ...targets[which], seconds: runSec, connections: 50 }, context.signal);
      if (turn === 0) continue;
      loads[which].push(load);
      context.note(`${turn}/${context.runs} ${which}: ${round(load.rps)} requests/s, p99 ${load.p99Ms} ms`);
    }
  }
  return loads;
}

function summary(loads: readonly Load[]) {
  return {
    rps: round(
      percentile(
        loads.map(({ rps }) => rps),
        0.5,
      ),
    ),
    p99_ms: round(
      percentile(
        loads.map(({ p99Ms }) => p99Ms),
        0.5,
      ),
    ),
  };
}
