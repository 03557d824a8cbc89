import { ConnectError } from '@connectrpc/connect';
import type { CapsuleId } from '@wrenn/core';
import type { RunningCapsule } from '../capsules/capsule.ts';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { requireServing } from '../capsules/require-serving.ts';
import type { TypedInput } from '../guest/type-into.ts';
import { fromConnect } from '../rpc/connect-errors.ts';
import { type ProcessEvent, processEvents } from './events.ts';
import { type CommandOptions, guestCall, processConfig, userHeader } from './guest-call.ts';
import { cannotRun, signalProcess, watchProcess } from './processes.ts';

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

export interface NewTerminal extends CommandOptions {
  /** What it is found by from now on. */
  readonly tag: string;
  readonly size: TerminalSize;
}

/**
 * Starts a program in a terminal and yields what it prints. It goes on when nobody looks. Throws invalid_request for one
 * that cannot be run.
 */
export async function* openTerminal(
  context: CapsuleContext,
  id: CapsuleId,
  { tag, size, ...command }: NewTerminal,
  signal: AbortSignal,
): AsyncGenerator<ProcessEvent, void> {
  const { guest, activity } = requireServing(context, id);
  const leave = new AbortController();
  const call = { signal: AbortSignal.any([signal, leave.signal]), headers: userHeader(command.user) };
  const request = { process: processConfig(command), tag, pty: { size: { ...size } } };
  let isRunning = false;
  try {
    for await (const event of processEvents(guest.process.start(request, call), signal)) {
      activity.touch();
      if (event.kind === 'start') isRunning = event.pid > 0;
      else if (event.kind === 'end' && !isRunning) throw cannotRun(command.cmd, event.error);
      if (isRunning) yield event;
    }
  } catch (thrown) {
    if (thrown instanceof ConnectError) throw fromConnect(thrown, `starting ${command.cmd} in a terminal`);
    throw thrown;
  } finally {
    leave.abort();
  }
}

/** What a terminal that runs prints, from the frame `from` on or from now on. */
export function watchTerminal(
  context: CapsuleContext,
  id: CapsuleId,
  { tag, from }: { readonly tag: string; readonly from: bigint | undefined },
  signal: AbortSignal,
): AsyncGenerator<ProcessEvent, void> {
  return watchProcess(context, id, { selector: { case: 'tag', value: tag }, from }, signal);
}

/** Returns when the terminal has taken all of it. */
export async function typeInto(
  context: CapsuleContext,
  id: CapsuleId,
  input: TypedInput,
  signal: AbortSignal,
): Promise<void> {
  const capsule = requireServing(context, id);
  capsule.activity.touch();
  capsule.cpuShare?.typed();
  await capsule.guest.typeInto(input, signal);
}

export async function resizeTerminal(
  context: CapsuleContext,
  id: CapsuleId,
  { tag, size }: { readonly tag: string; readonly size: TerminalSize },
  signal: AbortSignal,
): Promise<void> {
  const capsule = requireServing(context, id);
  const call = capsule.guest.process.update(
    { process: processOf(capsule, tag), pty: { size: { ...size } } },
    { signal },
  );
  await guestCall('resizing a terminal', call, signal);
}

/** Kills the program; the kernel hangs up on what else has the terminal. */
export function killTerminal(
  context: CapsuleContext,
  id: CapsuleId,
  tag: string,
  signal: AbortSignal,
): Promise<void> {
  return signalProcess(context, id, { case: 'tag', value: tag }, 'SIGKILL', signal);
}

function processOf({ activity }: RunningCapsule, tag: string) {
  activity.touch();
  return { selector: { case: 'tag', value: tag } } as const;
}
