import { once } from 'node:events';
import { abortable, WrennError } from '@wrenn/core';
import type { ExecEvent } from '@wrenn/sdk';
import { type CommandContext, say } from '../context.ts';
import { exitCodes } from '../exit-code.ts';

/**
 * Passes a command's output on as it comes, at the pace of whoever reads it, and returns the code to exit with.
 * Throws `agent_error` when the command's end was not seen.
 */
export async function streamCommand(
  context: CommandContext,
  events: AsyncIterable<ExecEvent>,
  signal: AbortSignal,
): Promise<number> {
  const iterator = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const coming = iterator.next();
      // After an interruption nobody waits for it any more; its failure is then no news.
      coming.catch(() => undefined);
      const next = await abortable(coming, signal);
      if (next.done === true) throw new WrennError('agent_error', 'the end of the command was not seen');
      const event = next.value;
      if (event.type === 'end') return exitCodeOfEnd(context, event);
      if (event.type !== 'start') await write(context[event.type], event.data, signal);
    }
  } finally {
    // Not waited for: what it would wait for is the event that did not come.
    iterator.return?.().catch(() => undefined);
  }
}

async function write(stream: NodeJS.WriteStream, data: Uint8Array, signal: AbortSignal): Promise<void> {
  if (stream.write(data)) return;
  try {
    await once(stream, 'drain', { signal });
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
}

function exitCodeOfEnd(context: CommandContext, end: Extract<ExecEvent, { type: 'end' }>): number {
  const why = end.error === undefined ? '' : `: ${end.error}`;
  switch (end.outcome) {
    case 'exited':
      if (end.error !== undefined) say(context, end.error);
      return end.exitCode;
    case 'killed':
      return end.exitCode;
    case 'timed_out':
      say(context, 'the command took longer than --timeout and was killed');
      return end.exitCode;
    case 'lost':
      say(context, `whether the command ended is not known${why}`);
      return exitCodes.failure;
  }
}
