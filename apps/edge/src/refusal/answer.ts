import { STATUS_CODES } from 'node:http';
import { errorCodes, WrennError } from '@wrenn/core';
import { page } from './page.ts';
import { e2bNotFound, Refusal, type RefusedTarget, refusals } from './refusal.ts';

/** A whole answer of the edge itself. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a client is told: a program in JSON as E2B's proxy does it, a person's browser in a page. */
export function refusalAnswer(
  thrown: unknown,
  target: RefusedTarget | undefined,
  reader: 'program' | 'person',
): Answer {
  const refusal = asRefusal(thrown);
  const { status: plain, e2bStatus, retryAfterSec } = refusals[refusal.kind];
  const status = target?.speaksE2b === true ? (e2bStatus ?? plain) : plain;
  const message = status === 502 && e2bStatus === 502 ? e2bNotFound : refusal.message;
  const common = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) }),
    // What comes behind a request that can be read in two ways may be a part of it.
    ...(refusal.kind === 'bad_request' ? { connection: 'close' } : {}),
  };
  if (reader === 'person') {
    const title = `${status} ${STATUS_CODES[status] ?? ''}`;
    return {
      status,
      headers: {
        ...common,
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      },
      body: page(title, message, refusal.remedy),
    };
  }
  const body = JSON.stringify({
    ...(target === undefined ? {} : { sandboxId: target.capsuleId, port: target.port }),
    message,
    code: status,
    ...(refusal.remedy === undefined ? {} : { remedy: refusal.remedy }),
  });
  return { status, headers: { ...common, 'content-type': 'application/json' }, body };
}

/** The one place where what was thrown becomes a refusal. */
function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  const error = WrennError.from(thrown, 'passing on the request');
  const details = { cause: thrown, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) };
  return errorCodes[error.code].status === 400
    ? new Refusal('bad_request', error.message, details)
    : new Refusal('unavailable', 'the request could not be passed on', details);
}

/** A browser that goes to an address; scripts and pictures of a page are not helped by one. */
export function readerOf(headers: {
  readonly accept?: string | undefined;
  readonly 'sec-fetch-mode'?: string | string[] | undefined;
}): 'program' | 'person' {
  const mode = headers['sec-fetch-mode'];
  const isHtml = headers.accept?.includes('text/html') === true;
  return isHtml && (mode === undefined || mode === 'navigate') ? 'person' : 'program';
}
