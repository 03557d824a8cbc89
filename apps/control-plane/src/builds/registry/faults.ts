import type { IncomingMessage } from 'node:http';
import { type ErrorDetails, parseJson, WrennError } from '@wrenn/core';
import { z } from 'zod';
import { quote } from './quote.ts';
import { readAtMost } from './read-at-most.ts';

/** An image that cannot be used, whoever asks for it and however often. */
export function imageRefused(image: string, why: string, details: ErrorDetails = {}): WrennError {
  return new WrennError('image_refused', `the image ${image}: ${why}`, details);
}

export function credentialsRefused(image: string, said = ''): WrennError {
  return new WrennError('forbidden', `the image ${image}: the registry does not let us read it${said}`, {
    remedy: 'check that the image exists, and that the credentials given for its registry may read it',
  });
}

export function stalled(image: string, what: string, ms: number): WrennError {
  return new WrennError('deadline_exceeded', `the image ${image}: nothing came of ${what} for ${ms} ms`, {
    remedy: 'try again later: the registry stalls',
  });
}

/** What an answer that is no success means; reads a little of it for what the registry says itself. */
export async function statusFault(
  image: string,
  what: string,
  answer: IncomingMessage,
  signal: AbortSignal,
): Promise<WrennError> {
  const status = answer.statusCode ?? 0;
  const said = await saidIn(answer, signal);
  const message = `the image ${image}: the registry answered ${status} for ${what}${said}`;
  if (status === 401 || status === 403) return credentialsRefused(image, said);
  if (status === 404) {
    return new WrennError('not_found', `the image ${image}: the registry does not have ${what}${said}`, {
      remedy: 'check the name and the tag of the image',
    });
  }
  if (status === 429) {
    const retryAfterSec = secondsOf(answer.headers['retry-after']);
    return new WrennError('rate_limited', message, {
      remedy: 'wait, or give credentials for which the registry allows more',
      ...(retryAfterSec === undefined ? {} : { retryAfterSec }),
    });
  }
  if (status >= 500) return new WrennError('host_unavailable', message, { remedy: 'try again later' });
  return imageRefused(image, `the registry answered ${status} for ${what}${said}`);
}

const errorsSchema = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().nullish() })).min(1),
});
const mostFaultBytes = 64 * 1024;

/** The first fault in the answer, as distribution registries write it; nothing where there is none. */
async function saidIn(answer: IncomingMessage, signal: AbortSignal): Promise<string> {
  const body = await readAtMost(answer, mostFaultBytes).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
  const parsed = errorsSchema.safeParse(body === undefined ? undefined : parseJson(body.toString()));
  const [first] = parsed.data?.errors ?? [];
  return first === undefined ? '' : `, and says ${quote(`${first.code}: ${first.message ?? ''}`)}`;
}

/** `Retry-After`: seconds, or a date. */
function secondsOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}
