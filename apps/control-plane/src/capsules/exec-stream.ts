import { Readable } from 'node:stream';
import { type CapsuleId, describeError, WrennError } from '@wrenn/core';
import type { ExecStreamResponse } from '@wrenn/protocol/hostagent';
import type { Doer } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { presentEnd, toAgent, view } from './exec.ts';
import type { ExecBody, ExecEvent } from './exec-schemas.ts';
import { useCapsule } from './use.ts';

/** No shell gives this one: the end was not seen. */
const lostCode = 255;

/**
 * Runs a command and yields a line for each event as it comes; nothing is read ahead of the client. Returns after
 * the first event, so that a command that cannot be started is an answer with a status of its own. Aborting the
 * signal, or destroying the stream, ends the command.
 */
export async function execStream(
  context: ServerContext,
  doer: Doer,
  id: CapsuleId,
  body: ExecBody,
  signal: AbortSignal,
): Promise<Readable> {
  const request = toAgent(id, body);
  const { events, first } = await useCapsule(context, doer, id, signal, async (agent) => {
    const opened = agent.execStream(request, signal);
    return { events: opened, first: await opened.next() };
  });
  return Readable.from(lines(context, id, first, events), { objectMode: false, highWaterMark: 64 * 1024 });
}

async function* lines(
  { log }: ServerContext,
  id: CapsuleId,
  first: IteratorResult<ExecStreamResponse, void>,
  rest: AsyncGenerator<ExecStreamResponse, void>,
): AsyncGenerator<string> {
  let hasEnded = false;
  try {
    for (let next = first; next.done !== true; next = await rest.next()) {
      const event = present(next.value);
      if (event === undefined) continue;
      hasEnded = event.type === 'end';
      yield line(event);
    }
    if (!hasEnded) yield line(lost('the stream of its output ended early'));
  } catch (thrown) {
    log.warn({ capsule: id, cause: describeError(thrown) }, 'a stream of output broke');
    if (!hasEnded) yield line(lost(WrennError.from(thrown, 'the stream of its output broke').message));
  } finally {
    await rest.return();
  }
}

function present({ event }: ExecStreamResponse): ExecEvent | undefined {
  switch (event.case) {
    case 'start':
      return { type: 'start', pid: event.value.pid };
    case 'data': {
      const { output } = event.value;
      if (output.case !== 'stdout' && output.case !== 'stderr') return undefined;
      return { type: output.case, data: view(output.value).toString('base64') };
    }
    case 'end': {
      const { error } = event.value;
      return { type: 'end', ...presentEnd(event.value), ...(error === '' ? {} : { error }) };
    }
    // A command has no terminal, and its one reader gets everything.
    case 'gap':
    case undefined:
      return undefined;
  }
}

function lost(error: string): ExecEvent {
  return { type: 'end', exit_code: lostCode, outcome: 'lost', error };
}

function line(event: ExecEvent): string {
  return `${JSON.stringify(event)}\n`;
}
