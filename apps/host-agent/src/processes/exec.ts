import { Code, ConnectError } from '@connectrpc/connect';
import { type CapsuleId, deadline, describeError } from '@wrenn/core';
import { Signal } from '@wrenn/protocol/process';
import type { RunningCapsule } from '../capsules/capsule.ts';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { requireServing } from '../capsules/require-serving.ts';
import { fromConnect } from '../rpc/connect-errors.ts';
import { type ProcessEvent, processEvents } from './events.ts';
import { type CommandOptions, processConfig, userHeader } from './guest-call.ts';

export interface ExecOptions extends CommandOptions {
  /** The command is killed after this; 0 = never. */
  readonly timeoutSec: number;
  readonly stdin: Uint8Array;
  /** `open`: more of it comes from elsewhere, which also ends it. */
  readonly stdinAfter: 'end' | 'open';
}

/** What one call to envd carries; larger input goes in several. */
const inputChunkBytes = 512 * 1024;
/** To end a command whose caller went away. */
const endDeadlineMs = 5_000;

/**
 * Runs a command and yields what it prints. The last event is always `end`; a command that could not be started
 * because the request was wrong (no such user, no such directory) throws instead. A consumer that leaves early, or
 * aborts, ends the command.
 */
export async function* exec(
  context: CapsuleContext,
  id: CapsuleId,
  options: ExecOptions,
  signal: AbortSignal,
): AsyncGenerator<ProcessEvent, void> {
  const capsule = requireServing(context, id);
  using _active = capsule.activity.begin();
  const leave = new AbortController();
  let feeding: Promise<void> | undefined;
  let runs: { readonly pid: number } | undefined;
  try {
    const call = callOptions(options, AbortSignal.any([signal, leave.signal]));
    for await (const event of processEvents(
      capsule.guest.process.start(startRequest(options), call),
      signal,
    )) {
      if (event.kind === 'start' && event.pid > 0) {
        runs = { pid: event.pid };
        if (options.stdin.length > 0) feeding = feed(context, capsule, event.pid, options, signal);
      }
      if (event.kind === 'end') runs = undefined;
      yield event;
    }
  } catch (thrown) {
    if (thrown instanceof ConnectError) throw fromConnect(thrown, `running ${options.cmd}`);
    throw thrown;
  } finally {
    leave.abort();
    if (runs !== undefined) await end(context, capsule, runs.pid);
    await feeding;
  }
}

function startRequest(options: ExecOptions) {
  return {
    process: processConfig(options),
    stdin: options.stdin.length > 0 || options.stdinAfter === 'open',
  };
}

function callOptions(options: ExecOptions, signal: AbortSignal) {
  const headers = userHeader(options.user);
  // For envd, which kills the command; as an option of the client it would cut the output off on this side.
  if (options.timeoutSec > 0) headers['Connect-Timeout-Ms'] = String(options.timeoutSec * 1000);
  return { signal, headers };
}

/** Writes the input and closes it; never rejects. A command that ends without reading it all is no fault. */
async function feed(
  { log }: CapsuleContext,
  capsule: RunningCapsule,
  pid: number,
  { stdin, stdinAfter }: ExecOptions,
  signal: AbortSignal,
): Promise<void> {
  const process = processWith(pid);
  try {
    for (let from = 0; from < stdin.length; from += inputChunkBytes) {
      const chunk = stdin.subarray(from, from + inputChunkBytes);
      await capsule.guest.process.sendInput(
        { process, input: { input: { case: 'stdin', value: chunk } } },
        { signal },
      );
    }
    if (stdinAfter === 'end') await capsule.guest.process.closeStdin({ process }, { signal });
  } catch (thrown) {
    if (isOver(ConnectError.from(thrown)) || signal.aborted) return;
    log.warn({ capsule: capsule.id, pid, cause: describeError(thrown) }, 'sending input to a command');
  }
}

/** Kills a command that nobody waits for any more, with all that it has started; never rejects. */
async function end({ log }: CapsuleContext, capsule: RunningCapsule, pid: number): Promise<void> {
  using limit = deadline(endDeadlineMs, 'ending a command');
  try {
    await capsule.guest.process.sendSignal(
      { process: processWith(pid), signal: Signal.SIGKILL, withAllItStarted: true },
      { signal: limit },
    );
  } catch (thrown) {
    if (isOver(ConnectError.from(thrown))) return;
    log.warn({ capsule: capsule.id, pid, cause: describeError(thrown) }, 'ending a command');
  }
}

/** The process has ended, or its input has. */
function isOver({ code }: ConnectError): boolean {
  return code === Code.NotFound || code === Code.FailedPrecondition;
}

function processWith(pid: number) {
  return { selector: { case: 'pid', value: pid } } as const;
}
