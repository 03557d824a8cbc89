import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { WrennError } from '@wrenn/core';

/** What a request for a file says of itself, each part as it stands in the query: clients sign just that. */
export interface FileClaim {
  readonly operation: 'read' | 'write';
  /** Empty when there is none. */
  readonly path: string;
  /** Empty when there is none. */
  readonly username: string;
  readonly signature: string | undefined;
  /** Whole seconds since 1970, in decimal. */
  readonly expiration: string | undefined;
}

/** E2B's clients look for these very words. */
export const expiredMessage = 'signature is already expired';

/** Throws `invalid_request` for an expiry that is no number. */
export function claimOf(request: IncomingMessage): FileClaim {
  const query = queryOf(request);
  const expiration = query.get('signature_expiration') ?? undefined;
  if (expiration !== undefined && !/^-?\d{1,15}$/.test(expiration)) {
    throw new WrennError('invalid_request', 'signature_expiration is no time in whole seconds', {
      field: 'signature_expiration',
    });
  }
  return {
    operation: request.method === 'POST' ? 'write' : 'read',
    path: query.get('path') ?? '',
    username: query.get('username') ?? '',
    signature: query.get('signature') ?? undefined,
    expiration,
  };
}

export function queryOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? '';
  const start = url.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1));
}

/**
 * Whether another claim has the same signature: what is signed is joined by colons, and of a user `read` with a group the
 * name can be read as the end of a path.
 */
export function isAmbiguous({ username }: Pick<FileClaim, 'username'>): boolean {
  return /^(?:read|write):/.test(username);
}

/** The signature that the holder of `token` gives out for `claim`. */
export function signatureOf(token: Uint8Array, claim: Omit<FileClaim, 'signature'>): string {
  const hash = createHash('sha256')
    .update(`${claim.path}:${claim.operation}:${claim.username}:`)
    .update(token);
  if (claim.expiration !== undefined) hash.update(`:${claim.expiration}`);
  return `v1_${hash.digest('base64').replace(/=+$/, '')}`;
}
