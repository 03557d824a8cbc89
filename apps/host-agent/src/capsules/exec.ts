import { Code, ConnectError } from '@connectrpc/connect';
import { type CapsuleId, describeError } from '@wrenn/core';
import { fromConnect } from '../rpc/connect-errors.ts';
import type { RunningCapsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import { requireServing } from './require-serving.ts';

/** What became of a command. `lost`: the way to it broke, so whether it ended is not known. */
export type ExecOutcome = 'exited' | 'killed' | 'timed_out' | 'lost';

export type ExecEvent =
  | { readonly kind: 'start'; readonly pid: number }
  | { readonly kind: 'stdout' | 'stderr'; readonly data: Uint8Array }
  | {
      readonly kind: 'end';
      readonly exitCode: number;
      readonly outcome: ExecOutcome;
      readonly error: string;
    };

export interface ExecOptions {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly envs: Readonly<Record<string, string>>;
  /** Empty: the user's home. */
  readonly cwd: string;
  /** Empty: the capsule's default user. */
  readonly user: string;
  /** The command is killed after this; 0 = never. */
  readonly timeoutSec: number;
  readonly stdin: Uint8Array;
}

/** As coreutils' timeout says it. */
const timedOutCode = 124;
/** No shell gives this one: the end was not seen. */
const lostCode = 255;
/** What one call to envd carries; larger input goes in several. */
const inputChunkBytes = 512 * 1024;

/**
 * Runs a command and yields what it prints. The last event is always `end`; a command that could not be started
 * because the request was wrong (no such user, no such directory) throws instead.
 */
export async function* exec(
  context: CapsuleContext,
  id: CapsuleId,
  options: ExecOptions,
  signal: AbortSignal,
): AsyncGenerator<ExecEvent> {
  const capsule = requireServing(context, id);
  using _active = capsule.activity.begin();
  let started = false;
  let ended = false;
  let feeding: Promise<void> | undefined;
  try {
    for await (const { event } of capsule.guest.process.start(
      startRequest(options),
      callOptions(options, signal),
    )) {
      switch (event?.event.case) {
        case 'start':
          started = true;
          yield { kind: 'start', pid: event.event.value.pid };
          if (options.stdin.length > 0)
            feeding = feed(context, capsule, event.event.value.pid, options.stdin, signal);
          break;
        case 'data': {
          const { output } = event.event.value;
          if (output.case === 'stdout' || output.case === 'stderr')
            yield { kind: output.case, data: output.value };
          break;
        }
        case 'end': {
          const { exitCode, exited, error } = event.event.value;
          ended = true;
          yield { kind: 'end', exitCode, outcome: exited ? 'exited' : 'killed', error: error ?? '' };
          // The stream ends right after it. To leave it earlier would cost the connection.
          break;
        }
      }
    }
    if (!ended) yield lost('the stream of its output ended early');
  } catch (thrown) {
    if (ended) return;
    signal.throwIfAborted();
    const error = ConnectError.from(thrown);
    if (started && error.code === Code.DeadlineExceeded) {
      yield {
        kind: 'end',
        exitCode: timedOutCode,
        outcome: 'timed_out',
        error: `ran longer than ${options.timeoutSec} s`,
      };
    } else if (started) {
      yield lost(error.rawMessage);
    } else {
      throw fromConnect(error, `running ${options.cmd}`);
    }
  } finally {
    await feeding;
  }
}

function startRequest(options: ExecOptions) {
  return {
    process: {
      cmd: options.cmd,
      args: [...options.args],
      envs: { ...options.envs },
      ...(options.cwd === '' ? {} : { cwd: options.cwd }),
    },
    stdin: options.stdin.length > 0,
  };
}

function callOptions(options: ExecOptions, signal: AbortSignal) {
  const headers: Record<string, string> = {};
  if (options.user !== '')
    headers['Authorization'] = `Basic ${Buffer.from(`${options.user}:`).toString('base64')}`;
  // For envd, which kills the command; as an option of the client it would cut the output off on this side.
  if (options.timeoutSec > 0) headers['Connect-Timeout-Ms'] = String(options.timeoutSec * 1000);
  return { signal, headers };
}

/** Writes the input and closes it; never rejects. A command that ends without reading it all is no fault. */
async function feed(
  { log }: CapsuleContext,
  capsule: RunningCapsule,
  pid: number,
  stdin: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const process = { selector: { case: 'pid', value: pid } } as const;
  try {
    for (let from = 0; from < stdin.length; from += inputChunkBytes) {
      const chunk = stdin.subarray(from, from + inputChunkBytes);
      await capsule.guest.process.sendInput(
        { process, input: { input: { case: 'stdin', value: chunk } } },
        { signal },
      );
    }
    await capsule.guest.process.closeStdin({ process }, { signal });
  } catch (thrown) {
    const { code } = ConnectError.from(thrown);
    if (code === Code.NotFound || code === Code.FailedPrecondition || signal.aborted) return;
    log.warn({ capsule: capsule.id, pid, cause: describeError(thrown) }, 'sending input to a command');
  }
}

function lost(why: string): ExecEvent {
  return { kind: 'end', exitCode: lostCode, outcome: 'lost', error: why };
}
