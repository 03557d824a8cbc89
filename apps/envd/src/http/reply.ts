import type { ServerResponse } from 'node:http';
import { errorCodes, WrennError } from '@wrenn/core';
import { logFault } from '../log.ts';

export function replyJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}

/** An answer that is no success and has no code of ours, in the shape of E2B's daemon. */
export function replyStatus(response: ServerResponse, status: number, message: string): void {
  replyJson(response, status, { code: status, message });
}

/** Faults have the shape of E2B's daemon: the HTTP status once more, and a message. `error` is our own code. */
export function replyFault(response: ServerResponse, thrown: unknown): void {
  const error = WrennError.from(thrown);
  const { status } = errorCodes[error.code];
  if (status >= 500) logFault('a request failed', error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  replyJson(response, status, {
    code: status,
    message: error.message,
    error: error.code,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  });
}
