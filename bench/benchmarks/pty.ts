import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { startPythonServer } from '../../tests/support/guest-app.ts';
import { type Benchmark, timed } from '../benchmark.ts';
import type { Installation } from '../installation.ts';
import { compare, summarize } from '../statistics.ts';

const parallelLoads = 4;
const pieceMiB = 16;
const downloads = 100;
const appPort = 8000;
const guestLoad = join(import.meta.dirname, '../loads/guest-load.py');
const edgeUrl = `http://${process.env['WRENN_EDGE_LISTEN_ADDR'] ?? '127.0.0.1:8081'}`;
/** Between two keystrokes of a person who types fast. */
const betweenMs = 20;

export const pty: Benchmark = {
  name: 'pty',
  defaultRuns: 300,
  what: 'the echo of a keystroke through the whole path while files go to and from another capsule, and while a hundred clients load from a port of the same one, against the same when it is idle',
  async run({ wrenn, runs, note }) {
    const { id } = await wrenn.client.capsules.create({ publicPorts: true });
    const other = await wrenn.client.capsules.create();
    try {
      await using keyboard = await Keyboard.open(wrenn, id);
      await keyboard.echoes(20);
      const idle = await keyboard.echoes(runs);
      note(`idle: ${shown(idle)}`);
      const files = { ...connection(wrenn), id: other.id, parallel: parallelLoads, sizeMiB: pieceMiB };
      const besideFiles = await underLoad('files', files, () => keyboard.echoes(runs));
      note(`with ${parallelLoads} files on their way beside it: ${shown(besideFiles)}`);
      await startPythonServer(wrenn.client, edgeUrl, { id, port: appPort, source: guestLoad });
      const ports = { edgeUrl, id, port: appPort, downloads };
      const besidePorts = await underLoad('ports', ports, () => keyboard.echoes(runs));
      note(`with ${downloads} downloads from a port of the same capsule: ${shown(besidePorts)}`);
      const worst = p99(besidePorts) > p99(besideFiles) ? besidePorts : besideFiles;
      return { ...compare(worst, idle), bar: { p99: 2 } };
    } finally {
      await wrenn.client.capsules.destroy(id);
      await wrenn.client.capsules.destroy(other.id);
    }
  },
};

function connection({ baseUrl, apiKey }: Installation) {
  return { baseUrl, apiKey };
}

function p99(times: readonly number[]): number {
  return summarize(times).p99_ms;
}

function shown(times: readonly number[]): string {
  const { p50_ms, p95_ms, p99_ms } = summarize(times);
  return `p50 ${p50_ms} ms, p95 ${p95_ms} ms, p99 ${p99_ms} ms`;
}

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

/**
 * Runs `work` beside a load of `bench/loads`. It is a process and a session of its own, as other people's machines would
 * be: a scheduler that shares the processor out by sessions would have the keyboard wait for the load's share.
 */
async function underLoad<T>(name: 'files' | 'ports', given: object, work: () => Promise<T>): Promise<T> {
  const program = join(import.meta.dirname, `../loads/${name}.ts`);
  const load = fork(program, [JSON.stringify(given)], { detached: true });
  const ended = once(load, 'exit');
  const broken = ended.then(([code, signal]) => {
    throw new Error(`the load of ${name} ended by itself (${code ?? signal})`);
  });
  broken.catch(() => undefined);
  try {
    await Promise.race([once(load, 'message'), broken]);
    return await Promise.race([work(), broken]);
  } finally {
    load.kill('SIGKILL');
    await ended;
  }
}
