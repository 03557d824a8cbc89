import type { Duplex } from 'node:stream';
import { WrennError } from '@wrenn/core';
import { isGone, type OutgoingAnswer } from './client-side.ts';

/** A client that waits: for an answer, or for its connection to become something else. */
export type Client = OutgoingAnswer | Duplex;

/** Runs `work` until the client has gone away; does not begin for one that has. */
export async function whileThere<T>(client: Client, work: (gone: AbortSignal) => Promise<T>): Promise<T> {
  const wentAway = new WrennError('cancelled', 'the client went away');
  if (hasLeft(client)) throw wentAway;
  const gone = new AbortController();
  const abort = () => gone.abort(wentAway);
  client.once('close', abort);
  try {
    return await work(gone.signal);
  } finally {
    client.off('close', abort);
  }
}

/** No `close` will come of one of these. */
function hasLeft(client: Client): boolean {
  return 'writeHead' in client ? isGone(client) : client.destroyed;
}
