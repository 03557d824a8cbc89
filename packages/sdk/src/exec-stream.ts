import { isObject, WrennApiError } from './error.ts';
import { linesOf } from './lines.ts';
import type { ExecEvent, Outcome } from './types.ts';
import { fromBase64 } from './wire.ts';

/** The events of a running command; the last one is always `end`, or it throws. */
export async function* readEvents(response: Response): AsyncGenerator<ExecEvent, void> {
  if (response.body === null) throw broken('the answer has no body');
  try {
    for await (const line of linesOf(response.body)) {
      const event = eventFrom(line);
      if (event === undefined) continue;
      yield event;
      if (event.type === 'end') return;
    }
  } catch (thrown) {
    if (thrown instanceof WrennApiError || (thrown instanceof Error && thrown.name === 'AbortError'))
      throw thrown;
    throw broken('the connection broke while the command ran', thrown);
  }
  throw broken('the answer ended before the command did');
}

/** Events of a kind that this client does not know yet are skipped. */
function eventFrom(line: string): ExecEvent | undefined {
  const event: unknown = JSON.parse(line);
  if (!isObject(event)) return undefined;
  switch (event['type']) {
    case 'start':
      return { type: 'start', pid: Number(event['pid']) };
    case 'stdout':
    case 'stderr':
      return { type: event['type'], data: fromBase64(String(event['data'])) };
    case 'end': {
      const { error } = event;
      return {
        type: 'end',
        exitCode: Number(event['exit_code']),
        outcome: event['outcome'] as Outcome,
        ...(typeof error === 'string' ? { error } : {}),
      };
    }
    default:
      return undefined;
  }
}

function broken(message: string, cause?: unknown): WrennApiError {
  return new WrennApiError({ code: 'connection_lost', message, status: 0 }, { cause });
}
