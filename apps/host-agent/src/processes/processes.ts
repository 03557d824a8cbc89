import { ConnectError } from '@connectrpc/connect';
import { type CapsuleId, deadline, WrennError } from '@wrenn/core';
import { Signal } from '@wrenn/protocol/process';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { requireServing } from '../capsules/require-serving.ts';
import { fromConnect } from '../rpc/connect-errors.ts';
import { type ProcessEvent, processEvents } from './events.ts';
import { type CommandOptions, guestCall, processConfig, userHeader } from './guest-call.ts';
import type { ProcessSelector } from './selector.ts';

/** For calls that a guest answers at once, however busy it is. */
const callDeadlineMs = 30_000;

export interface ProcessFacts {
  readonly pid: number;
  /** Empty: it has none. */
  readonly tag: string;
  readonly cmd: string;
  readonly args: readonly string[];
}

/** Starts a command that goes on by itself, with no input. Throws invalid_request for one that cannot be run. */
export async function startBackground(
  context: CapsuleContext,
  id: CapsuleId,
  { tag, ...command }: CommandOptions & { readonly tag: string },
  signal: AbortSignal,
): Promise<number> {
  const capsule = requireServing(context, id);
  using _active = capsule.activity.begin();
  using limit = deadline(callDeadlineMs, `starting ${command.cmd}`, signal);
  // Ends the call, not the process.
  const leave = new AbortController();
  const call = { signal: AbortSignal.any([limit, leave.signal]), headers: userHeader(command.user) };
  try {
    const request = { process: processConfig(command), tag, stdin: false };
    let pid = 0;
    for await (const event of processEvents(capsule.guest.process.start(request, call), limit)) {
      if (event.kind === 'start') pid = event.pid;
      if (event.kind === 'start' && pid > 0) return pid;
      if (event.kind === 'end' && pid === 0) throw cannotRun(command.cmd, event.error);
    }
    throw new WrennError('agent_error', `starting ${command.cmd}: the guest did not say what became of it`);
  } catch (thrown) {
    if (thrown instanceof WrennError) throw thrown;
    limit.throwIfAborted();
    throw fromConnect(ConnectError.from(thrown), `starting ${command.cmd}`);
  } finally {
    leave.abort();
  }
}

export async function listProcesses(
  context: CapsuleContext,
  id: CapsuleId,
  signal: AbortSignal,
): Promise<ProcessFacts[]> {
  const capsule = requireServing(context, id);
  capsule.activity.touch();
  using limit = deadline(callDeadlineMs, 'listing processes', signal);
  const call = capsule.guest.process.list({}, { signal: limit });
  const { processes } = await guestCall('listing processes', call, limit);
  return processes.map(({ pid, tag, config }) => ({
    pid,
    tag: tag ?? '',
    cmd: config?.cmd ?? '',
    args: config?.args ?? [],
  }));
}

/** Signals the process alone. Throws not_found for one that does not run. */
export async function signalProcess(
  context: CapsuleContext,
  id: CapsuleId,
  selector: ProcessSelector,
  name: 'SIGKILL' | 'SIGTERM',
  signal: AbortSignal,
): Promise<void> {
  const capsule = requireServing(context, id);
  capsule.activity.touch();
  using limit = deadline(callDeadlineMs, 'sending a signal', signal);
  const number = name === 'SIGKILL' ? Signal.SIGKILL : Signal.SIGTERM;
  const call = capsule.guest.process.sendSignal({ process: { selector }, signal: number }, { signal: limit });
  await guestCall('sending a signal', call, limit);
}

/** Returns when the process's pipe has taken all of it. `last`: the process then sees the end of its input. */
export async function sendInput(
  context: CapsuleContext,
  id: CapsuleId,
  selector: ProcessSelector,
  input: { readonly data: Uint8Array; readonly last: boolean },
  signal: AbortSignal,
): Promise<void> {
  const capsule = requireServing(context, id);
  capsule.activity.touch();
  const process = { selector };
  const { process: guest } = capsule.guest;
  if (input.data.length > 0) {
    const call = guest.sendInput(
      { process, input: { input: { case: 'stdin', value: input.data } } },
      { signal },
    );
    await guestCall('sending input', call, signal);
  }
  if (input.last) await guestCall('ending the input', guest.closeStdin({ process }, { signal }), signal);
}

/** What the process prints from the frame `from` on, or from now on. It goes on when nobody looks. */
export async function* watchProcess(
  context: CapsuleContext,
  id: CapsuleId,
  { selector, from }: { readonly selector: ProcessSelector; readonly from: bigint | undefined },
  signal: AbortSignal,
): AsyncGenerator<ProcessEvent, void> {
  const { guest, activity } = requireServing(context, id);
  const leave = new AbortController();
  const call = { signal: AbortSignal.any([signal, leave.signal]) };
  const request = { process: { selector }, ...(from === undefined ? {} : { from }) };
  try {
    for await (const event of processEvents(guest.process.connect(request, call), signal)) {
      activity.touch();
      yield event;
    }
  } catch (thrown) {
    if (thrown instanceof ConnectError) throw fromConnect(thrown, 'connecting to a process');
    throw thrown;
  } finally {
    leave.abort();
  }
}

/** Envd says what was wrong with a command by an end without a process. */
export function cannotRun(cmd: string, error: string): WrennError {
  return new WrennError('invalid_request', `${cmd} cannot be run: ${error || 'there is no such command'}`, {
    field: 'cmd',
  });
}
