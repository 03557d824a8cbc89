import { Socket } from 'node:net';
import { WrennError } from '@wrenn/core';
import type { Daemon } from '../guest/daemon.ts';
import { buildEnvironment } from '../process/environment.ts';
import { spawnProcess } from '../process/spawn-process.ts';
import type { Account } from '../users/accounts.ts';

/** Of what tar says, for the message of a fault; the rest is read and dropped. */
const mostWords = 2_000;

/** A tar that runs as its user, in the place that commands have. Disposing of it ends it. */
export interface TarProcess extends Disposable {
  readonly stdin: Socket | undefined;
  readonly stdout: Socket;
  /** Settles when it has ended and all it said was read. */
  readonly ended: Promise<{ readonly code: number | undefined; readonly said: string }>;
}

/**
 * Starts the capsule's own tar: it does what an archive asks for with the rights of the user alone, and links lead
 * nowhere that the user could not go. Throws `missing_prerequisite` where the capsule has none.
 */
export async function startTar(
  daemon: Daemon,
  account: Account,
  args: readonly string[],
  stdin: 'pipe' | 'null',
): Promise<TarProcess> {
  const spawned = await spawnProcess(
    {
      cmd: 'tar',
      args,
      env: buildEnvironment({ path: daemon.searchPath, account, global: {}, requested: { LC_ALL: 'C' } }),
      cwd: '/',
      account,
      stdio: { kind: 'pipes', stdin },
    },
    daemon,
  );
  if (spawned.kind === 'refused') {
    throw new WrennError('missing_prerequisite', 'the capsule has no tar', {
      remedy: 'install tar or busybox in its template, or move the files one by one',
    });
  }
  const { child, pid, ends } = spawned;
  if (ends.kind !== 'pipes') throw new WrennError('internal_error', 'tar has a terminal');
  const placement = daemon.workload.adopt(pid, 'command');
  const errors = new Socket({ fd: ends.stderr, readable: true, writable: false });
  const words = wordsOf(errors);
  const exited = Promise.withResolvers<number | undefined>();
  child.once('exit', (code) => {
    placement.release();
    exited.resolve(code ?? undefined);
  });
  return {
    stdin: ends.stdin === undefined ? undefined : writer(ends.stdin),
    stdout: new Socket({ fd: ends.stdout, readable: true, writable: false }),
    ended: Promise.all([exited.promise, words]).then(([code, said]) => ({ code, said })),
    [Symbol.dispose]: () => {
      child.kill('SIGKILL');
    },
  };
}

function writer(fd: number): Socket {
  const socket = new Socket({ fd, readable: false, writable: true });
  // EPIPE: it has ended. Whoever writes hears of it too.
  socket.on('error', () => undefined);
  return socket;
}

/** The end of what it says, with nothing in it that a terminal would take for more than text. */
function wordsOf(errors: Socket): Promise<string> {
  let text = '';
  const done = Promise.withResolvers<string>();
  errors.on('data', (bytes: Buffer) => {
    text = (text + bytes.toString()).slice(-mostWords);
  });
  errors.on('error', () => undefined);
  errors.once('close', () => done.resolve(text.trim().replaceAll(/[^\x20-\x7e\n]/g, '?')));
  return done.promise;
}
