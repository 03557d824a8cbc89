import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { basename } from 'node:path';
import { deadline, systemCode, WrennError } from '@wrenn/core';

export interface RunOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface RunResult {
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
}

/** More than this on standard output is a fault: these programs answer questions, they do not stream. */
const stdoutLimitBytes = 16 * 1024 * 1024;
const stderrTailBytes = 64 * 1024;
/** How much of standard error goes into the message of an error. */
const quotedCharacters = 400;
/** From SIGTERM, which lets a program unmount and delete what it made, to SIGKILL. */
const graceMs = 3_000;

/** Debian packages of the programs that are run, for the remedy when one is missing. */
const packageOf: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  'mkfs.ext4': 'e2fsprogs',
  'qemu-img': 'qemu-utils',
  'qemu-system-x86_64': 'qemu-system-x86',
};

/**
 * Runs a program to its end, without a shell, in a process group of its own that is ended with it.
 *
 * Throws `missing_prerequisite` when there is no such program, `agent_error` when it exits with another code than 0,
 * is killed or prints more than 16 MiB, and the signal's reason (`deadline_exceeded` after `timeoutMs`) when it was
 * stopped; by then it has ended.
 */
export async function run(
  argv: readonly [string, ...string[]],
  { input, signal, timeoutMs }: RunOptions,
): Promise<RunResult> {
  const program = basename(argv[0]);
  using limit = deadline(timeoutMs, `running ${program}`, signal);
  limit.throwIfAborted();
  const child = spawn(argv[0], argv.slice(1), {
    detached: true,
    env: { ...process.env, PATH: searchPath(), LC_ALL: 'C.UTF-8' },
  });
  const stop = () => terminate(child);
  limit.addEventListener('abort', stop, { once: true });
  try {
    const stdout = collect(child, 'stdout', stop);
    const stderr = collect(child, 'stderr', stop);
    feed(child, input);
    const { code, killedBy } = await ended(child, program);
    limit.throwIfAborted();
    const said = stderr().text;
    if (stdout().overflowed) throw new WrennError('agent_error', `${program} printed more than 16 MiB`);
    if (code !== 0)
      throw failure(program, code === null ? `was killed by ${killedBy}` : `exited with ${code}`, said);
    return { stdout: stdout().text, stderr: said };
  } finally {
    limit.removeEventListener('abort', stop);
  }
}

/** Services are often started with a PATH that lacks the folders of `ip` and `nft`. */
function searchPath(): string {
  return [process.env['PATH'], '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']
    .filter((part) => part !== undefined && part !== '')
    .join(':');
}

/** Keeps a stream's output within its bound: standard output's excess ends the program, standard error's tail stays. */
function collect(
  child: ChildProcessWithoutNullStreams,
  stream: 'stdout' | 'stderr',
  stop: () => void,
): () => { text: string; overflowed: boolean } {
  const chunks: Buffer[] = [];
  let size = 0;
  let overflowed = false;
  child[stream].on('data', (chunk: Buffer) => {
    if (overflowed) return;
    chunks.push(chunk);
    size += chunk.length;
    if (stream === 'stdout' && size > stdoutLimitBytes) {
      overflowed = true;
      stop();
    }
    while (stream === 'stderr' && chunks.length > 1 && size - (chunks[0]?.length ?? 0) >= stderrTailBytes) {
      size -= chunks.shift()?.length ?? 0;
    }
  });
  return () => ({ text: Buffer.concat(chunks).toString('utf8'), overflowed });
}

function feed(child: ChildProcessWithoutNullStreams, input: string | Uint8Array | undefined): void {
  // A program that ends before it has read everything says why by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
}

/** Settles when the program has ended and its pipes are closed. */
async function ended(
  child: ChildProcessWithoutNullStreams,
  program: string,
): Promise<{ code: number | null; killedBy: NodeJS.Signals | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    code: number | null;
    killedBy: NodeJS.Signals | null;
  }>();
  child.once('error', (cause) => reject(notStarted(program, cause)));
  child.once('close', (code, killedBy) => resolve({ code, killedBy }));
  return await promise;
}

/** Tells the whole group to end, and makes sure of it after a while. */
function terminate(child: ChildProcessWithoutNullStreams): void {
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
  child.once('close', () => clearTimeout(timer));
}

function signalGroup(child: ChildProcessWithoutNullStreams, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch (thrown) {
    // Already gone: between its end and the event that says so.
    if (systemCode(thrown) !== 'ESRCH') throw thrown;
  }
}

function notStarted(program: string, cause: unknown): WrennError {
  if (systemCode(cause) !== 'ENOENT')
    return new WrennError('agent_error', `${program} did not start`, { cause });
  const debianPackage = packageOf[program];
  return new WrennError('missing_prerequisite', `the program ${program} is not installed`, {
    cause,
    remedy: debianPackage === undefined ? `install ${program}` : `apt-get install ${debianPackage}`,
  });
}

function failure(program: string, outcome: string, stderr: string): WrennError {
  const said = stderr.trim().slice(-quotedCharacters);
  return new WrennError('agent_error', `${program} ${outcome}${said === '' ? '' : `: ${said}`}`);
}
