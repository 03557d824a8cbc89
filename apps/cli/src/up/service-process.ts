import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import {
  parseServiceMessage,
  type Report,
  type StopMode,
  type SupervisorMessage,
  systemCode,
  WrennError,
} from '@wrenn/core';
import { openLog } from './log-file.ts';

/** A program of ours that runs as a child of the supervisor. */
export interface ServiceSpec {
  readonly name: string;
  /** For Node itself. */
  readonly nodeOptions?: readonly string[];
  /** The TypeScript file and its arguments. */
  readonly argv: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Its log is `NAME.log` in here. */
  readonly logDirectory: string;
}

export interface ServiceEnd {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
  /** What it said was wrong, if it did. */
  readonly fault: WrennError | undefined;
}

export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** The facts it reported; rejects when it ends before that. */
  readonly ready: Promise<Readonly<Record<string, string>>>;
  /** Never rejects. */
  readonly ended: Promise<ServiceEnd>;
  /** Tells it to stop and returns when it has ended, if need be by force when it said nothing for `quietMs`. */
  stop(mode: StopMode, quietMs: number): Promise<ServiceEnd>;
  /** Ends it and all processes of its group at once. */
  kill(): void;
}

/**
 * Starts a child in a process group of its own, so that Ctrl-C on the terminal reaches only the supervisor. It
 * writes to its log itself and goes on when the supervisor is killed; it learns of that by the IPC channel.
 */
export async function startService(spec: ServiceSpec, onProgress: Report): Promise<ServiceProcess> {
  const logFile = join(spec.logDirectory, `${spec.name}.log`);
  const log = await openLog(logFile);
  try {
    const child = spawn(process.execPath, [...(spec.nodeOptions ?? []), ...spec.argv], {
      detached: true,
      env: { ...spec.environment },
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    const ended = watchEnd(child, spec.name);
    const ready = watchMessages(child, onProgress, ended, describeStart(spec.name, logFile));
    await spawned(child, spec.name);
    return {
      name: spec.name,
      pid: child.pid ?? 0,
      logFile,
      ready,
      ended: ended.promise,
      stop: (mode, quietMs) => stop(child, ended.promise, { mode, quietMs }),
      kill: () => killGroup(child),
    };
  } finally {
    await log.close();
  }
}

type Watch = { readonly promise: Promise<ServiceEnd>; fault: WrennError | undefined };

function watchEnd(child: ChildProcess, name: string): Watch {
  const { promise, resolve } = Promise.withResolvers<ServiceEnd>();
  const watch: Watch = { promise, fault: undefined };
  child.once('error', (cause) => {
    if (child.pid !== undefined) return;
    const fault = new WrennError('internal_error', `${name} could not be started`, { cause });
    resolve({ code: null, killedBy: null, fault });
  });
  // `close` rather than `exit`: by then the last messages and output have arrived.
  child.once('close', (code, killedBy) => resolve({ code, killedBy, fault: watch.fault }));
  return watch;
}

async function spawned(child: ChildProcess, name: string): Promise<void> {
  if (child.pid !== undefined) return;
  const { promise, reject } = Promise.withResolvers<never>();
  child.once('error', (cause) =>
    reject(new WrennError('internal_error', `${name} could not be started`, { cause })),
  );
  await promise;
}

function watchMessages(
  child: ChildProcess,
  onProgress: Report,
  ended: Watch,
  failure: (end: ServiceEnd) => WrennError,
): Promise<Readonly<Record<string, string>>> {
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, string>>>();
  child.on('message', (raw) => {
    const message = parseServiceMessage(raw);
    switch (message?.type) {
      case 'ready':
        resolve(message.facts);
        break;
      case 'progress':
        onProgress(message.progress);
        break;
      case 'fault':
        ended.fault = new WrennError(
          message.code,
          message.message,
          message.remedy === undefined ? {} : { remedy: message.remedy },
        );
        break;
      case undefined:
        break;
    }
  });
  void ended.promise.then((end) => reject(failure(end)));
  // Whoever waits for `ready` gets the fault; a child that nobody waits for yet must not end the supervisor.
  promise.catch(() => undefined);
  return promise;
}

function describeStart(name: string, logFile: string): (end: ServiceEnd) => WrennError {
  return (end) =>
    end.fault ??
    new WrennError('internal_error', `${name} ${describeEnd(end)} before it was ready`, {
      remedy: `read ${logFile}`,
    });
}

/** `exited with code 1`, `was killed by SIGKILL`. */
export function describeEnd({ code, killedBy }: ServiceEnd): string {
  return killedBy === null ? `exited with code ${code}` : `was killed by ${killedBy}`;
}

/** How long a stop takes depends on what there is to do: a child that says how far it is gets more time. */
async function stop(
  child: ChildProcess,
  ended: Promise<ServiceEnd>,
  { mode, quietMs }: { mode: StopMode; quietMs: number },
): Promise<ServiceEnd> {
  const order: SupervisorMessage = { type: 'shutdown', mode };
  const quiet = setTimeout(() => killGroup(child), quietMs);
  const heard = () => void quiet.refresh();
  child.on('message', heard);
  // A channel that is closed already means that the child is ending.
  if (child.connected) child.send(order, () => undefined);
  try {
    return await ended;
  } finally {
    child.off('message', heard);
    clearTimeout(quiet);
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (thrown) {
    if (systemCode(thrown) !== 'ESRCH') throw thrown;
  }
}
