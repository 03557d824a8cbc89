import { presentBuild } from '../present.ts';
import type { LogEvent } from './follow-log.ts';

/** An event as text/event-stream has it. JSON has no line breaks of its own, so that one line of data is enough. */
export function serverSentEvent(event: LogEvent): string {
  switch (event.kind) {
    case 'alive':
      return ': alive\n\n';
    case 'over':
      return `event: over\ndata: ${JSON.stringify(presentBuild(event.build))}\n\n`;
    case 'entry': {
      const { seq, step, kind, at, body } = event.entry;
      const data = { step, at: at.toISOString(), ...(body as object) };
      return `id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
    }
  }
}
