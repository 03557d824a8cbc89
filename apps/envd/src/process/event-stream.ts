import type { MessageInitShape } from '@bufbuild/protobuf';
import { WrennError } from '@wrenn/core';
import type { ProcessEventSchema } from '@wrenn/protocol/process';
import type { ManagedProcess } from './managed-process.ts';
import { endEventOf, type Outcome } from './outcome.ts';
import type { OutputChunk } from './output-queue.ts';

type Event = MessageInitShape<typeof ProcessEventSchema>;

/**
 * A process's events for one reader: `start`, its output, `end`, with `keepalive` after each `keepAliveMs` of nothing.
 *
 * When `readerGone` aborts the process goes on, and its output is dropped. Throws `deadline_exceeded` in the place of
 * the end event when the process was killed because its time was over; its output until then comes first.
 */
export async function* eventsOf(
  process: ManagedProcess,
  keepAliveMs: number,
  readerGone: AbortSignal,
): AsyncGenerator<Event> {
  const leave = () => process.output.discard();
  readerGone.addEventListener('abort', leave, { once: true });
  if (readerGone.aborted) leave();
  try {
    yield { event: { case: 'start', value: { pid: process.pid } } };
    while (!process.output.isDrained) {
      const chunk = process.output.take();
      if (chunk !== undefined) yield dataEvent(chunk);
      else if (!(await readableWithin(process, keepAliveMs))) {
        yield { event: { case: 'keepalive', value: {} } };
      }
    }
    if (readerGone.aborted) return;
    const { outcome, timedOut } = await process.ended;
    if (timedOut) throw new WrennError('deadline_exceeded', 'the process took longer than it was given');
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

async function readableWithin(process: ManagedProcess, ms: number): Promise<boolean> {
  const { promise: silence, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  const readable = process.output.readable().then(() => true);
  try {
    return await Promise.race([readable, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function dataEvent({ stream, bytes }: OutputChunk): Event {
  return { event: { case: 'data', value: { output: { case: stream, value: bytes } } } };
}

function endEvent(outcome: Outcome): Event {
  return { event: { case: 'end', value: endEventOf(outcome) } };
}
