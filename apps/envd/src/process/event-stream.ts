import type { MessageInitShape } from '@bufbuild/protobuf';
import { WrennError } from '@wrenn/core';
import type { ProcessEventSchema } from '@wrenn/protocol/process';
import { endEventOf, type Outcome } from './outcome.ts';
import type { Frame, Gap, OutputReader, Resized } from './output-log.ts';
import type { Connectable } from './process-table.ts';

type Event = MessageInitShape<typeof ProcessEventSchema>;

export interface EventStreamOptions {
  /** A `keepalive` comes after each so much of nothing. */
  readonly keepAliveMs: number;
  /** Aborts when nobody listens any more. */
  readonly readerGone: AbortSignal;
  /**
   * What happens when the process was killed because its time was over: the call that gave it its time fails, to all
   * others it is an end like any other.
   */
  readonly onTimeout: 'fail' | 'end';
}

/**
 * A process's events for one reader, which this takes over: `start`, its output with a `gap` where some is not kept
 * and the `size` of its terminal where that changes, `end`. When `readerGone` aborts they stop, and the process goes on.
 *
 * Throws `deadline_exceeded` in the place of the end event, when that is asked for; the output until then comes first.
 */
export async function* eventsOf(
  { pid, ended }: Connectable,
  reader: OutputReader,
  { keepAliveMs, readerGone, onTimeout }: EventStreamOptions,
): AsyncGenerator<Event> {
  const leave = () => reader.leave();
  readerGone.addEventListener('abort', leave, { once: true });
  if (readerGone.aborted) leave();
  try {
    yield { event: { case: 'start', value: { pid } } };
    while (!reader.isDone) {
      const taken = reader.take();
      if (taken !== undefined) yield outputEvent(taken);
      else if (!(await reader.readableWithin(keepAliveMs))) {
        yield { event: { case: 'keepalive', value: {} } };
      }
    }
    if (readerGone.aborted) return;
    const { outcome, timedOut } = await ended;
    if (timedOut && onTimeout === 'fail') {
      throw new WrennError('deadline_exceeded', 'the process took longer than it was given');
    }
    yield endEvent(outcome);
  } finally {
    readerGone.removeEventListener('abort', leave);
    leave();
  }
}

/** The events of a command that could not be run: clients wait for a start before an end. No process has ID 0. */
export function* eventsOfNone(outcome: Outcome): Generator<Event> {
  yield { event: { case: 'start', value: { pid: 0 } } };
  yield endEvent(outcome);
}

function outputEvent(taken: Frame | Gap | Resized): Event {
  switch (taken.kind) {
    case 'frame': {
      const output = { case: taken.stream, value: taken.bytes };
      return { event: { case: 'data', value: { output, number: BigInt(taken.number) } } };
    }
    case 'gap':
      return { event: { case: 'gap', value: { first: BigInt(taken.first), last: BigInt(taken.last) } } };
    case 'size':
      return { event: { case: 'size', value: { ...taken.size } } };
  }
}

function endEvent(outcome: Outcome): Event {
  return { event: { case: 'end', value: endEventOf(outcome) } };
}
