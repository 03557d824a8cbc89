import { Code, ConnectError } from '@connectrpc/connect';
import type { ProcessEvent as GuestEvent } from '@wrenn/protocol/process';

/** What became of a process. `lost`: the way to it broke, so whether it ended is not known. */
export type ProcessOutcome = 'exited' | 'killed' | 'timed_out' | 'lost';

export interface ProcessOutput {
  readonly kind: 'stdout' | 'stderr' | 'pty';
  readonly data: Uint8Array;
  /** Counts the frames of the process over all of its streams, from 1. */
  readonly number: number;
}

export interface ProcessEnd {
  readonly kind: 'end';
  readonly exitCode: number;
  readonly outcome: ProcessOutcome;
  readonly error: string;
}

export type ProcessEvent =
  | { readonly kind: 'start'; readonly pid: number }
  | ProcessOutput
  /** Frames that are not kept any more: those from `first` to `last`. */
  | { readonly kind: 'gap'; readonly first: number; readonly last: number }
  /** What comes after it is for a terminal of this size. */
  | { readonly kind: 'size'; readonly cols: number; readonly rows: number }
  | ProcessEnd;

/** No shell gives this one: the end was not seen. */
const lostCode = 255;

/**
 * What envd tells of one process, as ours. The last event is always `end`; when the stream breaks or ends early it is
 * `lost`, never a guess. Throws what the call threw before anything came of it: then nothing was started or found.
 *
 * A consumer that leaves early must abort the call, since the stream of a process that goes on does not end.
 */
export async function* processEvents(
  responses: AsyncIterable<{ readonly event?: GuestEvent | undefined }>,
  signal: AbortSignal,
): AsyncGenerator<ProcessEvent, void> {
  let seen: 'nothing' | 'start' | 'end' = 'nothing';
  try {
    for await (const { event } of responses) {
      const told = event && translate(event);
      if (told === undefined) continue;
      // The stream ends right after the end. To leave it earlier would cost the connection.
      seen = told.kind === 'end' ? 'end' : 'start';
      yield told;
    }
  } catch (thrown) {
    if (seen === 'end') return;
    signal.throwIfAborted();
    const error = ConnectError.from(thrown);
    if (seen === 'nothing') throw error;
    yield error.code === Code.DeadlineExceeded ? timedOut() : lost(error.rawMessage);
    return;
  }
  if (seen !== 'end') yield lost('the stream of its output ended early');
}

function translate({ event }: GuestEvent): ProcessEvent | undefined {
  switch (event.case) {
    case 'start':
      return { kind: 'start', pid: event.value.pid };
    case 'data': {
      const { output, number } = event.value;
      if (output.case === undefined) return undefined;
      return { kind: output.case, data: output.value, number: Number(number) };
    }
    case 'gap':
      return { kind: 'gap', first: Number(event.value.first), last: Number(event.value.last) };
    case 'size':
      return { kind: 'size', cols: event.value.cols, rows: event.value.rows };
    case 'end': {
      const { exitCode, exited, error } = event.value;
      return { kind: 'end', exitCode, outcome: exited ? 'exited' : 'killed', error: error ?? '' };
    }
    default:
      return undefined;
  }
}

/** As coreutils' timeout says it. */
const timedOutCode = 124;

function timedOut(): ProcessEnd {
  return {
    kind: 'end',
    exitCode: timedOutCode,
    outcome: 'timed_out',
    error: 'it ran longer than it was given',
  };
}

function lost(why: string): ProcessEnd {
  return { kind: 'end', exitCode: lostCode, outcome: 'lost', error: why };
}
