import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { parseId, parseJson, WrennError } from '@wrenn/core';
import { z } from 'zod';

/**
 * What a host's agent and the processes that forward traffic on its machine tell each other, as lines of JSON over a
 * Unix socket that only root reaches. The agent knows which capsules run; they know what passes.
 */

const capsuleId = z.string().transform((text, context) => {
  try {
    return parseId('capsule', text);
  } catch (thrown) {
    if (!(thrown instanceof WrennError)) throw thrown;
    context.addIssue({ code: 'custom', message: thrown.message });
    return z.NEVER;
  }
});

const toForwarder = z.discriminatedUnion('type', [
  /** It runs at this address, and is open, or held as by `hold`. `token` is envd's, and is told to relays only. */
  z.object({
    type: z.literal('serve'),
    id: capsuleId,
    address: z.string(),
    token: z.string().optional(),
    state: z.enum(['open', 'held']),
  }),
  /**
   * It is about to stand still: new requests wait; those under way have `settleMs` to end; idle connections are closed.
   * Answered by `held`.
   */
  z.object({ type: z.literal('hold'), id: capsuleId, ticket: z.int(), settleMs: z.number() }),
  /** It goes on: what waits is let in. */
  z.object({ type: z.literal('release'), id: capsuleId }),
  /** It runs here no more: its connections are reset. */
  z.object({ type: z.literal('drop'), id: capsuleId }),
  /** All that run were told; not before the agent itself knows. */
  z.object({ type: z.literal('complete') }),
]);

const fromForwarder = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), kind: z.enum(['edge', 'relay']) }),
  z.object({ type: z.literal('held'), ticket: z.int() }),
  /** Bytes have moved for these since the last time. */
  z.object({ type: z.literal('used'), ids: z.array(capsuleId) }),
]);

export type ToForwarder = z.output<typeof toForwarder>;
export type FromForwarder = z.output<typeof fromForwarder>;
export type ForwarderKind = Extract<FromForwarder, { type: 'hello' }>['kind'];

/** Calls for each message of a forwarder; what is none is not ours to understand, and ends the connection. */
export function readFromForwarder(socket: Socket, onMessage: (message: FromForwarder) => void): void {
  readLines(socket, fromForwarder, onMessage);
}

export function readToForwarder(socket: Socket, onMessage: (message: ToForwarder) => void): void {
  readLines(socket, toForwarder, onMessage);
}

export function writeMessage(socket: Socket, message: ToForwarder | FromForwarder): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

function readLines<T>(socket: Socket, schema: z.ZodType<T>, onMessage: (message: T) => void): void {
  createInterface({ input: socket, crlfDelay: 0 })
    .on('line', (line) => {
      const { data } = schema.safeParse(parseJson(line));
      if (data === undefined) socket.destroy(new Error('a line that is no message'));
      else onMessage(data);
    })
    // The socket's errors are the reader's too: its owner hears of them by the socket.
    .on('error', () => undefined);
}
