import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { describeError, errorCodes, parseId, WrennError } from '@wrenn/core';
import { dropRest } from '@wrenn/service';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { requireServing } from '../capsules/require-serving.ts';
import { gather } from './gather.ts';

const path = /^\/guest\/([^/?]+)(\/files(?:\?.*)?)$/;

/** What of a request the guest's daemon needs, and of its answer the caller. The rest is about the connection. */
const requestHeaders = ['content-type', 'content-length', 'range', 'if-range', 'if-none-match', 'if-match'];
const answerHeaders = [
  ...['content-type', 'content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified'],
  'content-disposition',
];

export function isBody({ url = '' }: IncomingMessage): boolean {
  return url.startsWith('/guest/');
}

/**
 * Moves the body of a file between the control plane and a guest's daemon, as fast as the slower of them takes it, with
 * nothing kept of it here. A transfer that breaks on one side is broken on the other: no file looks whole that is not.
 */
export async function moveBody(
  context: CapsuleContext,
  request: IncomingMessage,
  response: ServerResponse,
  stopping: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  response.once('close', () => over.abort());
  response.once('finish', () => dropRest(request));
  const signal = AbortSignal.any([over.signal, stopping]);
  try {
    const [, id = '', target = ''] = path.exec(request.url ?? '') ?? [];
    if (request.method !== 'GET' && request.method !== 'POST') throw notThere(request);
    if (target === '') throw notThere(request);
    const capsule = requireServing(context, parseId('capsule', id));
    using _active = capsule.activity.begin();
    const headers = pick(request.headers, requestHeaders);
    const sent = await capsule.guest.transfer(request.method, target, headers, signal);
    const answered = Promise.withResolvers<IncomingMessage>();
    sent.on('response', answered.resolve);
    sent.on('error', answered.reject);
    // A guest that refuses answers before it has read all: that answer is what counts, not that the rest was not taken.
    const sending = pipeline(request, gather(), sent, { signal });
    sending.catch(() => undefined);
    const answer = await answered.promise;
    response.writeHead(answer.statusCode ?? 502, pick(answer.headers, answerHeaders));
    await pipeline(answer, gather(), response, { signal });
  } catch (thrown) {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    refuse(context, response, thrown);
  }
}

function pick(headers: IncomingMessage['headers'], names: readonly string[]): Record<string, string> {
  const entries = names.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** In the shape of the guest's own refusals. */
function refuse({ log }: CapsuleContext, response: ServerResponse, thrown: unknown): void {
  const isOurs = thrown instanceof WrennError;
  const error = isOurs
    ? thrown
    : new WrennError('host_unavailable', 'the connection to the guest broke', {
        cause: thrown,
        remedy: 'try again',
      });
  const { status } = errorCodes[error.code];
  if (status >= 500) log.warn({ code: error.code, cause: describeError(thrown) }, 'moving a file');
  const { message, code, field, remedy } = error;
  const body = JSON.stringify({ code: status, message, error: code, field, remedy });
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

function notThere({ method, url }: IncomingMessage): WrennError {
  return new WrennError('not_found', `there is no ${method} ${url?.split('?', 1)[0]}`);
}
