import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { type ErrorCode, errorCodes, parseJson, systemCode, WrennError } from '@wrenn/core';
import { z } from 'zod';

export interface TypedInput {
  readonly tag: string;
  readonly data: Uint8Array;
  /** Who types, and how many bytes it has sent before these; empty: nobody who would send anything twice. */
  readonly writer: string;
  readonly offset: bigint;
}

/** Faults of envd are JSON with our own code beside the status. */
const fault = z.object({ message: z.string(), error: z.string().optional(), field: z.string().optional() });
const longestAnswer = 64 * 1024;
const tries = 2;

/**
 * Types into a terminal of a guest; returns when the terminal has taken it. By plain HTTP: see envd's input-route.ts.
 * Throws envd's own refusals, `host_unavailable` when it is not known whether the guest has heard it.
 */
export async function typeInto(
  guest: { readonly baseUrl: string; readonly agent: Agent; readonly headers: Record<string, string> },
  { tag, data, writer, offset }: TypedInput,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({ tag, writer, offset: String(offset) });
  const url = `${guest.baseUrl}/terminals/input?${query}`;
  for (let tried = 1; ; tried++) {
    try {
      const answer = await post(url, guest, data, signal);
      if (answer.status === 204) return;
      throw refusal(answer);
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof WrennError) throw thrown;
      // A connection that idled too long breaks when it is used; what arrived after all is not taken twice.
      const mayRepeat = tried < tries && writer !== '' && systemCode(thrown) === 'ECONNRESET';
      if (!mayRepeat)
        throw new WrennError('host_unavailable', 'the connection to envd broke', { cause: thrown });
    }
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function post(
  url: string,
  { agent, headers }: { readonly agent: Agent; readonly headers: Record<string, string> },
  data: Uint8Array,
  signal: AbortSignal,
): Promise<Answer> {
  const done = Promise.withResolvers<Answer>();
  const type = { 'content-type': 'application/octet-stream', 'content-length': data.length };
  const sent = httpRequest(url, { method: 'POST', agent, signal, headers: { ...headers, ...type } });
  sent.on('error', done.reject);
  sent.on('response', (response) => {
    read(response).then(done.resolve, done.reject);
  });
  sent.end(data);
  return done.promise;
}

async function read(response: IncomingMessage): Promise<Answer> {
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > longestAnswer) throw new WrennError('agent_error', 'envd sent too much');
  }
  return { status: response.statusCode ?? 0, text };
}

function refusal({ status, text }: Answer): WrennError {
  const parsed = fault.safeParse(parseJson(text));
  if (!parsed.success)
    return new WrennError('agent_error', `typing into a terminal: envd answered ${status}`);
  const { message, error, field } = parsed.data;
  const code = error !== undefined && Object.hasOwn(errorCodes, error) ? (error as ErrorCode) : 'agent_error';
  const details = field === undefined ? {} : { field };
  return new WrennError(code, `typing into a terminal: ${message}`, details);
}
