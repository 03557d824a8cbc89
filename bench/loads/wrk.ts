import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Load {
  readonly rps: number;
  readonly p99Ms: number;
}

/** Debian's wrk, one thread, connections kept. Throws when a request failed or was not answered by 200. */
export async function wrk(
  to: { readonly url: string; readonly host: string; readonly seconds: number; readonly connections: number },
  signal: AbortSignal,
): Promise<Load> {
  const args = [
    '-t1',
    `-c${to.connections}`,
    `-d${to.seconds}s`,
    '--latency',
    '-H',
    `Host: ${to.host}`,
    to.url,
  ];
  const { stdout } = await promisify(execFile)('wrk', args, { signal });
  const fault = /Socket errors.*|Non-2xx.*/.exec(stdout);
  if (fault !== null) throw new Error(`${to.url}: ${fault[0]}`);
  const rps = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  const p99 = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout);
  if (rps === undefined || p99 === null) throw new Error(`wrk said: ${stdout}`);
  const unit = { us: 0.001, ms: 1, s: 1000 }[p99[2] ?? ''] ?? Number.NaN;
  return { rps: Number(rps), p99Ms: Number(p99[1]) * unit };
}
