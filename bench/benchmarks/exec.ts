import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { Process } from '@wrenn/protocol/process';
import { type Benchmark, timed } from '../benchmark.ts';
import type { CapsuleInside } from '../installation.ts';
import { compare } from '../statistics.ts';

export const exec: Benchmark = {
  name: 'exec',
  defaultRuns: 300,
  what: 'exec `true` through REST, against the same call straight to envd',
  async run({ wrenn, runs, note }) {
    const { id } = await wrenn.client.capsules.create({ template: 'minimal' });
    try {
      const direct = directly(await wrenn.inside(id));
      const throughRest = async () => {
        const { exitCode } = await wrenn.client.capsules.exec(id, { cmd: 'true' });
        if (exitCode !== 0) throw new Error(`true exited with ${exitCode}`);
      };
      const ours: number[] = [];
      const floor: number[] = [];
      for (let turn = -5; turn < runs; turn++) {
        // By lot: the guest collects garbage every few commands, and a fixed order would meet it in step.
        const order = Math.random() < 0.5 ? ([floor, ours] as const) : ([ours, floor] as const);
        for (const samples of order) {
          const ms = await timed(samples === floor ? direct : throughRest);
          if (turn >= 0) samples.push(ms);
        }
        if (turn % 20 === 19) note(`${turn + 1}/${runs}`);
      }
      return { ...compare(ours, floor), bar: { p50: 1.15 } };
    } finally {
      await wrenn.client.capsules.destroy(id);
    }
  },
};

/** Runs `true` by envd's own protocol and waits for its end. */
function directly({ slot, accessToken }: CapsuleInside): () => Promise<void> {
  const client = createClient(
    Process,
    createConnectTransport({
      baseUrl: `http://${slot.hostAddress}:49983`,
      httpVersion: '1.1',
      useBinaryFormat: true,
    }),
  );
  const headers = { 'X-Access-Token': accessToken };
  return async () => {
    let exitCode: number | undefined;
    for await (const { event } of client.start({ process: { cmd: 'true' }, stdin: false }, { headers })) {
      if (event?.event.case === 'end') exitCode = event.event.value.exitCode;
    }
    if (exitCode !== 0) throw new Error(`true exited with ${exitCode}`);
  };
}
