import { setTimeout as delay } from 'node:timers/promises';
import { WrennError } from '@wrenn/core';
import type { Benchmark, BenchmarkContext } from '../benchmark.ts';
import { round } from '../statistics.ts';

/** What a Node that serves HTTP and nothing else needs, started as images/runtime/init starts the daemon. */
const bareServer = `
  runtime=/run/wrenn/runtime
  flags='--max-semi-space-size=1 --single-threaded-gc'
  grep -qw wrenn.emulated /proc/cmdline && flags="$flags --jitless"
  $runtime/lib/ld-linux-x86-64.so.2 --library-path $runtime/lib $runtime/bin/node $flags -e '
    require("node:http").createServer((_request, response) => response.end("ok")).listen(40000, "127.0.0.1", () => {
      console.log(process.pid);
    });
  ' &
  until curl -sf http://127.0.0.1:40000/ >/dev/null; do sleep 0.1; done
  sleep 1
  grep VmRSS /proc/$!/status
  kill $!`;
const daemon = "grep VmRSS /proc/$(pgrep -P 1 -f 'envd.cjs$')/status";
/** Idle for this long before memory is read, so that what the start needed is over. */
const settleMs = 5_000;

/** More would be felt where hundreds of capsules idle. */
const allowedMiB = 60;

export const envdMemory: Benchmark = {
  name: 'envd-memory',
  defaultRuns: 5,
  what: `resident memory of the guest daemon in an idle capsule, against ${allowedMiB} MiB; tells a bare Node's too`,
  async run(context) {
    const samples: number[] = [];
    for (let turn = 0; turn < context.runs; turn++) {
      const { id } = await context.wrenn.client.capsules.create({ template: 'minimal' });
      try {
        await delay(settleMs);
        const ours = await residentMiB(context, id, daemon);
        const bare = await residentMiB(context, id, bareServer);
        context.note(`${turn + 1}/${context.runs}: ${ours} MiB, a bare HTTP server in Node ${bare} MiB`);
        samples.push(ours);
      } finally {
        await context.wrenn.client.capsules.destroy(id);
      }
    }
    const mib = Math.max(...samples);
    return {
      ours: { mib },
      floor: { mib: allowedMiB },
      ratio: { mib: round(mib / allowedMiB) },
      bar: { mib: 1 },
    };
  },
};

async function residentMiB({ wrenn }: BenchmarkContext, id: string, script: string): Promise<number> {
  const { stdout } = await wrenn.client.capsules.exec(id, { cmd: 'sh', args: ['-c', script] });
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(stdout)?.[1];
  if (kilobytes === undefined) {
    throw new WrennError('internal_error', `no resident memory in ${JSON.stringify(stdout)}`);
  }
  return round(Number(kilobytes) / 1024);
}
