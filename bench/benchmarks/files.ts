import { readdir, readFile } from 'node:fs/promises';
import { type Benchmark, type BenchmarkContext, timed } from '../benchmark.ts';
import { percentile, round } from '../statistics.ts';

const mebibyte = 1024 * 1024;
const defaultSizeMiB = 1024;
const leastThroughput = 0.8;
const piece = Buffer.alloc(mebibyte, 'neither all zeroes nor hard to make ');

export const files: Benchmark = {
  name: 'files',
  defaultRuns: 3,
  what: 'a file up to and down from a capsule through the API, against plain HTTP to the same guest',
  async run(context) {
    const { wrenn, runs, note, sizeMiB = defaultSizeMiB } = context;
    const { id } = await wrenn.client.capsules.create();
    try {
      const ways = { ours: throughApi(context, id), floor: await toGuest(context, id) };
      // What the first request of each way needs is not measured.
      for (const way of Object.values(ways)) await once(way, 1);
      const times = {
        ours: { up: [] as number[], down: [] as number[] },
        floor: { up: [] as number[], down: [] as number[] },
      };
      for (let turn = 0; turn < runs; turn++) {
        for (const name of ['floor', 'ours'] as const) {
          const { up, down } = await once(ways[name], sizeMiB);
          times[name].up.push(up);
          times[name].down.push(down);
        }
        note(`${turn + 1}/${runs}`);
      }
      const ours = { up_mb_s: speed(times.ours.up, sizeMiB), down_mb_s: speed(times.ours.down, sizeMiB) };
      const floor = { up_mb_s: speed(times.floor.up, sizeMiB), down_mb_s: speed(times.floor.down, sizeMiB) };
      const ratio = {
        up_mb_s: round(ours.up_mb_s / floor.up_mb_s),
        down_mb_s: round(ours.down_mb_s / floor.down_mb_s),
      };
      return {
        ours: { ...ours, control_plane_peak_mib: await peakMiB('control-plane') },
        floor,
        ratio,
        bar: { up_mb_s: leastThroughput, down_mb_s: leastThroughput },
      };
    } finally {
      await wrenn.client.capsules.destroy(id);
    }
  },
};

interface Way {
  readonly url: string;
  readonly method: 'PUT' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
}

function throughApi({ wrenn: { baseUrl, apiKey } }: BenchmarkContext, id: string): Way {
  const url = `${baseUrl}/v1/capsules/${id}/files/content?path=/home/user/bench-file`;
  return { url, method: 'PUT', headers: { 'x-api-key': apiKey } };
}

async function toGuest({ wrenn }: BenchmarkContext, id: string): Promise<Way> {
  const { slot, accessToken } = await wrenn.inside(id);
  const url = `http://${slot.hostAddress}:49983/files?path=/home/user/bench-file&username=user`;
  return { url, method: 'POST', headers: { 'x-access-token': accessToken } };
}

/** In milliseconds. */
async function once({ url, method, headers }: Way, sizeMiB: number): Promise<{ up: number; down: number }> {
  const body = new ReadableStream<Uint8Array>({
    start: () => undefined,
    pull: (controller) => {
      if (sent++ < sizeMiB) controller.enqueue(piece);
      else controller.close();
    },
  });
  let sent = 0;
  const type = { 'content-type': 'application/octet-stream' };
  const up = await timed(async () => {
    const answer = await fetch(url, { method, headers: { ...headers, ...type }, body, duplex: 'half' });
    if (!answer.ok) throw new Error(`the upload was answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  });
  const down = await timed(async () => {
    const answer = await fetch(url, { headers: { ...headers, 'accept-encoding': 'identity' } });
    let bytes = 0;
    for await (const chunk of answer.body ?? []) bytes += chunk.length;
    if (bytes !== sizeMiB * mebibyte) throw new Error(`the download had ${bytes} bytes`);
  });
  return { up, down };
}

function speed(timesMs: readonly number[], sizeMiB: number): number {
  return round((sizeMiB * 1.048_576) / (percentile(timesMs, 0.5) / 1000));
}

/** The most memory that the process has had, of the program of this name that is the oldest. */
async function peakMiB(app: string): Promise<number> {
  for (const pid of (await readdir('/proc'))
    .filter((name) => /^\d+$/.test(name))
    .toSorted((a, b) => Number(a) - Number(b))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes(`apps/${app}/src/main.ts`) || command.includes('sessions')) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }
  return Number.NaN;
}
