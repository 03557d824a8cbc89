import type { IncomingMessage } from 'node:http';
import { errorCodes, WrennError } from '@wrenn/core';
import { capsuleAddressOf } from './capsule-address.ts';

/** A whole answer of the edge itself. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * What the edge says to a request. It does not route to capsules yet, and says so to whoever asks for one, in the
 * shape that E2B's clients read.
 */
export function answerTo(request: Pick<IncomingMessage, 'url' | 'headers'>): Answer {
  try {
    const address = capsuleAddressOf({
      host: request.headers.host,
      sandboxId: single(request.headers['e2b-sandbox-id']),
      sandboxPort: single(request.headers['e2b-sandbox-port']),
    });
    if (address !== undefined) {
      const { status } = errorCodes.not_implemented;
      const message = 'Ports of capsules cannot be reached through the edge yet';
      const remedy = 'run a client inside the capsule, through POST /v1/capsules/{id}/exec';
      return {
        status,
        body: { sandboxId: address.capsuleId, message, port: address.port, code: status, remedy },
      };
    }
    if (pathOf(request.url) === '/health') return { status: 200, body: { status: 'ok' } };
    throw new WrennError('not_found', 'this address names no capsule', {
      remedy: 'ask for {port}-{capsule}.{domain}, or send E2b-Sandbox-Id and E2b-Sandbox-Port',
    });
  } catch (thrown) {
    const error = WrennError.from(thrown, 'answering a request');
    return { status: errorCodes[error.code].status, body: { error: error.toJSON() } };
  }
}

function pathOf(url: string | undefined): string | undefined {
  return url?.split('?', 1)[0];
}

/** Node joins most repeated headers; where it does not, two values are no value that could be trusted. */
function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
