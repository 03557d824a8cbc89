import { inject } from 'vitest';
import { readServerSentEvents } from '../../packages/sdk/src/server-sent-events.ts';

export interface Followed {
  readonly id: number | undefined;
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * The events of a build's log, as a program without our client gets them: after the one that it has seen, to their end
 * or to the first that is meant, where the connection is dropped.
 */
export async function followRaw(
  id: string,
  { after, until }: { readonly after?: number; readonly until?: (event: Followed) => boolean },
): Promise<Followed[]> {
  const { baseUrl, apiKey } = inject('wrenn');
  const dropped = new AbortController();
  const response = await fetch(`${baseUrl}/v1/builds/${id}/logs`, {
    headers: { 'x-api-key': apiKey, ...(after === undefined ? {} : { 'last-event-id': String(after) }) },
    signal: dropped.signal,
  });
  if (response.body === null) throw new Error(`no events: ${response.status}`);
  const events: Followed[] = [];
  try {
    for await (const event of readServerSentEvents(response.body)) {
      if (event === 'comment') continue;
      const number = event.id === undefined ? undefined : Number(event.id);
      const followed = { id: number, name: event.name, data: JSON.parse(event.data) };
      events.push(followed);
      if (until?.(followed) === true) break;
    }
  } finally {
    dropped.abort();
  }
  return events;
}
