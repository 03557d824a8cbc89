import { linesOf } from './lines.ts';

export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: string;
}

/** What a server writes to say that it is there. */
const comment = 'comment';

/**
 * The events of text/event-stream, and a word for each comment. One that was cut off before the blank line after it is
 * none.
 */
export async function* readServerSentEvents(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent | typeof comment, void> {
  let id: string | undefined;
  let name = 'message';
  let data: string[] = [];
  for await (const ended of linesOf(stream)) {
    const line = ended.replace(/\r$/, '');
    if (line === '') {
      if (data.length > 0) yield { id, name, data: data.join('\n') };
      [id, name, data] = [undefined, 'message', []];
    } else if (line.startsWith(':')) yield comment;
    else {
      const { field, value } = fieldOf(line);
      if (field === 'id') id = value;
      else if (field === 'event') name = value;
      else if (field === 'data') data.push(value);
    }
  }
}

function fieldOf(line: string): { readonly field: string; readonly value: string } {
  const colon = line.indexOf(':');
  if (colon === -1) return { field: line, value: '' };
  return { field: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, '') };
}
