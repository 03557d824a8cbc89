import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { describeError, errorCodes, WrennError } from '@wrenn/core';
import { ForwardFault, type Passage } from '@wrenn/forward';
import { answerTo, dropRest, type Logger } from '@wrenn/service';
import { envdPort } from '../guest/guest-client.ts';
import { gather } from './gather.ts';

/** To reach a guest, and for the head of its answer; a body takes as long as it takes. */
const usualBounds = { connectMs: 10_000, headMs: 30_000 };

/** What of a request the guest's daemon needs, and of its answer the caller. The rest is about the connection. */
const requestHeaders = ['content-type', 'content-length', 'range', 'if-range', 'if-none-match', 'if-match'];
const answerHeaders = [
  ...['content-type', 'content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified'],
  'content-disposition',
];

/** A request for the body of a file, of a capsule that is found when it can be used. */
export interface BodyRequest {
  /** As envd knows it. */
  readonly path: string;
  readonly passage: (signal: AbortSignal) => Promise<Passage>;
}

/**
 * Moves the body of a file between the control plane and a guest's daemon, as fast as the slower of them takes it, with
 * nothing kept of it here. A transfer that breaks on one side is broken on the other: no file looks whole that is not.
 */
export async function moveBody(
  asked: BodyRequest,
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
  { connectMs, headMs } = usualBounds,
): Promise<void> {
  const over = new AbortController();
  response.once('close', () => over.abort());
  response.once('finish', () => dropRest(request));
  try {
    if (request.method !== 'GET' && request.method !== 'POST') throw notThere(request);
    const passage = await asked.passage(over.signal);
    const { socket } = request;
    using _exchange = passage.exchanges.add({
      bytes: () => socket.bytesRead + socket.bytesWritten,
      reset: () => over.abort(),
    });
    const sent = send(passage, asked.path, request, over.signal);
    // A guest that is given a file answers when it has all of it.
    const bounds = request.method === 'GET' ? { connectMs, headMs } : { connectMs };
    const answered = answerTo(sent, 'the guest', bounds);
    // A guest that refuses answers before it has read all: that answer is what counts, not that the rest was not taken.
    const sending = pipeline(request, gather(), sent, { signal: over.signal });
    sending.catch(() => undefined);
    const answer = await answered;
    response.writeHead(answer.statusCode ?? 502, pick(answer.headers, answerHeaders));
    await pipeline(answer, gather(), response, { signal: over.signal });
  } catch (thrown) {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    refuse(log, response, thrown);
  }
}

/** Waits for no other body: their number is bounded with that of all exchanges. */
function send(
  { address, pool, token }: Passage,
  path: string,
  request: IncomingMessage,
  signal: AbortSignal,
) {
  const headers = { ...pick(request.headers, requestHeaders), 'x-access-token': token ?? '' };
  const { method } = request;
  return httpRequest(`http://${address}:${envdPort}${path}`, { method, headers, agent: pool.kept, signal });
}

function pick(headers: IncomingMessage['headers'], names: readonly string[]): Record<string, string> {
  const entries = names.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** In the shape of the guest's own refusals. */
function refuse(log: Logger, response: ServerResponse, thrown: unknown): void {
  const error = asError(thrown);
  const { status } = errorCodes[error.code];
  if (status >= 500) log.warn({ code: error.code, cause: describeError(thrown) }, 'moving a file');
  const { message, code, field, remedy } = error;
  const body = JSON.stringify({ code: status, message, error: code, field, remedy });
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

function notThere({ method, url }: IncomingMessage): WrennError {
  return new WrennError('not_found', `there is no ${method} ${url?.split('?', 1)[0]}`);
}

function asError(thrown: unknown): WrennError {
  if (thrown instanceof WrennError) return thrown;
  // As a call to an agent says it: the control plane resumes the capsule then, if that is its way.
  if (thrown instanceof ForwardFault && thrown.kind === 'absent')
    return new WrennError('invalid_state', 'the capsule does not run');
  return new WrennError('host_unavailable', 'the connection to the guest broke', {
    cause: thrown,
    remedy: 'try again',
  });
}
