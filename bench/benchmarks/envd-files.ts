import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { abortable } from '@wrenn/core';
import { type StandaloneBenchmark, type StandaloneContext, timed } from '../benchmark.ts';
import { percentile, round } from '../statistics.ts';

const mebibyte = 1024 * 1024;
const defaultSizeMiB = 2048;
/** More memory than this for a file of any size would be memory for the file. */
const allowedGrowthMiB = 64;
const leastThroughput = 0.8;
/** On a disk: /tmp is memory on some machines. */
const parent = '/var/tmp/bench-envd-files-';

const piece = Buffer.alloc(mebibyte, 'neither all zeroes nor hard to make ');
const run = promisify(execFile);

export const envdFiles: StandaloneBenchmark = {
  name: 'envd-files',
  defaultRuns: 5,
  what: 'a 2 GiB file up to and down from the guest daemon on loopback, against plain node:http and the same disk',
  async runAlone(context) {
    const folder = await mkdtemp(parent);
    await using servers = new AsyncDisposableStack();
    servers.defer(() => rm(folder, { recursive: true }));
    const ours = await startDaemon(folder, context);
    servers.use(ours);
    const floor = await startFloor(folder, context);
    servers.use(floor);
    // What the first request of each kind needs is no growth.
    for (const server of [ours, floor]) await measure(server, 1);
    await forgetPeak(ours.pid);
    const before = await peakMiB(ours.pid);
    const times = await inTurn(ours, floor, context);
    const growth = round((await peakMiB(ours.pid)) - before);
    const figures = { ours: medians(times.ours), floor: medians(times.floor) };
    return {
      ours: { ...figures.ours, mib: growth },
      floor: { ...figures.floor, mib: allowedGrowthMiB },
      ratio: {
        up_mb_s: round(figures.ours.up_mb_s / figures.floor.up_mb_s),
        down_mb_s: round(figures.ours.down_mb_s / figures.floor.down_mb_s),
        mib: round(growth / allowedGrowthMiB),
      },
      bar: { up_mb_s: leastThroughput, down_mb_s: leastThroughput, mib: 1 },
    };
  },
};

interface FileServer extends AsyncDisposable {
  readonly pid: number;
  /** Of one file, and where it is. */
  readonly url: string;
  readonly file: string;
}

interface Throughput {
  readonly up_mb_s: number;
  readonly down_mb_s: number;
}

async function inTurn(
  ours: FileServer,
  floor: FileServer,
  { runs, sizeMiB = defaultSizeMiB, note }: StandaloneContext,
) {
  const times = { ours: [] as Throughput[], floor: [] as Throughput[] };
  for (let turn = 0; turn < runs; turn++) {
    const order = Math.random() < 0.5 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const);
    for (const which of order) {
      const measured = await measure(which === 'ours' ? ours : floor, sizeMiB);
      times[which].push(measured);
      note(`${turn + 1}/${runs} ${which}: up ${measured.up_mb_s}, down ${measured.down_mb_s} MB/s`);
    }
  }
  return times;
}

/** Of a file that was not there before; on the disk when it is read, so that its writing burdens nobody after it. */
async function measure({ url, file }: FileServer, sizeMiB: number): Promise<Throughput> {
  const rate = (ms: number) => round((sizeMiB * mebibyte) / 1000 / ms);
  await rm(file, { force: true });
  await run('sync');
  const upMs = await timed(() => upload(url, sizeMiB));
  await run('sync');
  const downMs = await timed(() => download(url, sizeMiB));
  return { up_mb_s: rate(upMs), down_mb_s: rate(downMs) };
}

function upload(url: string, sizeMiB: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { 'content-type': 'application/octet-stream', 'content-length': sizeMiB * mebibyte };
  const request = httpRequest(url, { method: 'POST', headers }, (response) => {
    if (response.statusCode !== 200) reject(new Error(`the upload was answered with ${response.statusCode}`));
    response.resume().on('end', resolve);
  });
  request.on('error', reject);
  let left = sizeMiB;
  const send = () => {
    while (left > 0) {
      left -= 1;
      if (!request.write(piece)) return;
    }
    request.end();
  };
  request.on('drain', send);
  send();
  return promise;
}

function download(url: string, sizeMiB: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = httpRequest(url, (response) => {
    let left = sizeMiB * mebibyte;
    response.on('data', (chunk: Buffer) => {
      left -= chunk.length;
    });
    response.on('error', reject).on('end', () => {
      if (left === 0) resolve();
      else reject(new Error(`the download is ${left} bytes short`));
    });
  });
  request.on('error', reject).end();
  return promise;
}

function medians(all: readonly Throughput[]): Throughput {
  const median = (key: keyof Throughput) =>
    round(
      percentile(
        all.map((each) => each[key]),
        0.5,
      ),
    );
  return { up_mb_s: median('up_mb_s'), down_mb_s: median('down_mb_s') };
}

async function startDaemon(folder: string, { signal }: StandaloneContext): Promise<FileServer> {
  const main = fileURLToPath(new URL('../../apps/envd/src/main.ts', import.meta.url));
  // As images/runtime/init starts it.
  const flags = ['--max-semi-space-size=1', '--single-threaded-gc'];
  const argv = [...flags, main, '--standalone', '--host', '127.0.0.1', '--port', '0'];
  const { child, port } = await start(argv, /"message":"listening".*"port":(\d+)/, signal);
  return serverOf(child, `http://127.0.0.1:${port}/files?path=${folder}/ours`, `${folder}/ours`);
}

async function startFloor(folder: string, { signal }: StandaloneContext): Promise<FileServer> {
  const main = fileURLToPath(new URL('../floors/plain-file-server.ts', import.meta.url));
  const { child, port } = await start([main, folder], /^(\d+)$/, signal);
  return serverOf(child, `http://127.0.0.1:${port}/floor`, `${folder}/floor`);
}

/** Runs a server of Node's until it says its port. */
async function start(argv: readonly string[], port: RegExp, signal: AbortSignal) {
  const child = spawn(process.execPath, [...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = Promise.withResolvers<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const found = port.exec(line)?.[1];
    if (found !== undefined) said.resolve(found);
  });
  child.once('exit', () => said.reject(new Error(`${argv.at(-1)} ended before it listened`)));
  try {
    return { child, port: await abortable(said.promise, signal) };
  } catch (thrown) {
    child.kill('SIGKILL');
    throw thrown;
  }
}

function serverOf(child: ChildProcess, url: string, file: string): FileServer {
  return {
    pid: child.pid ?? 0,
    url,
    file,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The most memory that it has had counts from now on. */
async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

async function peakMiB(pid: number): Promise<number> {
  return Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
