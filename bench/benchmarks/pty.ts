import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { type Benchmark, timed } from '../benchmark.ts';
import type { Installation } from '../installation.ts';
import { compare, round, summarize } from '../statistics.ts';

const parallelLoads = 4;
const pieceMiB = 16;
/** Between two keystrokes of a person who types fast. */
const betweenMs = 20;

export const pty: Benchmark = {
  name: 'pty',
  defaultRuns: 300,
  what: 'the echo of a keystroke through the whole path while files go up to another capsule and come down from it, against the same when it is idle',
  async run({ wrenn, runs, note }) {
    const { id } = await wrenn.client.capsules.create();
    const other = await wrenn.client.capsules.create();
    try {
      await using keyboard = await Keyboard.open(wrenn, id);
      await keyboard.echoes(20);
      const idle = await keyboard.echoes(runs);
      note(`idle: p50 ${round(summarize(idle).p50_ms)} ms`);
      const busy = await underLoad(wrenn, other.id, () => keyboard.echoes(runs));
      note(`with ${parallelLoads} files on their way beside it: p50 ${round(summarize(busy).p50_ms)} ms`);
      return { ...compare(busy, idle), bar: { p99: 2 } };
    } finally {
      await wrenn.client.capsules.destroy(id);
      await wrenn.client.capsules.destroy(other.id);
    }
  },
};

/** A terminal in which every key comes back by the kernel's own echo. */
class Keyboard implements AsyncDisposable {
  readonly #socket: WebSocket;
  #heard: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (_data, isBinary) => {
      if (isBinary) this.#heard?.();
    });
  }

  static async open({ baseUrl, apiKey }: Installation, id: string): Promise<Keyboard> {
    const url = `${baseUrl.replace(/^http/, 'ws')}/v1/capsules/${id}/pty`;
    const socket = new WebSocket(url, { headers: { 'x-api-key': apiKey } });
    await once(socket, 'open');
    const keyboard = new Keyboard(socket);
    const begun = keyboard.#next();
    // Nothing but the terminal itself answers.
    const args = ['-c', 'stty -icanon; echo ready; exec sleep 100000'];
    socket.send(JSON.stringify({ type: 'start', cmd: 'sh', args, output: 'binary' }));
    await begun;
    return keyboard;
  }

  /** Times of so many keystrokes, in milliseconds. */
  async echoes(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let at = 0; at < count; at++) {
      times.push(
        await timed(async () => {
          const echo = this.#next();
          this.#socket.send(Buffer.from('x'));
          await echo;
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, betweenMs));
    }
    return times;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.send(JSON.stringify({ type: 'kill' }));
    await once(this.#socket, 'close');
  }

  #next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#heard = resolve;
    return promise;
  }
}

/** Runs `work` while files go up to another capsule and come down from it, in a thread that does not hold up this one. */
async function underLoad<T>(
  { baseUrl, apiKey }: Installation,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  const workerData = { baseUrl, apiKey, id, parallel: parallelLoads, sizeMiB: pieceMiB };
  const load = new Worker(new URL('../loads/files.ts', import.meta.url), { workerData });
  const broken = Promise.withResolvers<never>();
  load.once('error', broken.reject);
  try {
    await Promise.race([once(load, 'message'), broken.promise]);
    return await Promise.race([work(), broken.promise]);
  } finally {
    await load.terminate();
  }
}
