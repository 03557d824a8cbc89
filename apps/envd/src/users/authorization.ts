import { WrennError } from '@wrenn/core';

/**
 * The user that an `Authorization` header names, or undefined without one. What lets a request in is the access token,
 * the name only says as whom it acts.
 *
 * `Basic` is what clients send, with a password that is ignored; its name ends at the first colon. `User` is base64 of
 * the whole name, for those that have a group. Throws `unauthorized` for any other header.
 */
export function usernameOf(authorization: string | null): string | undefined {
  if (authorization === null || authorization === '') return undefined;
  const [, scheme, encoded] = /^(basic|user) +([A-Za-z0-9+/=_-]+)$/i.exec(authorization) ?? [];
  if (scheme === undefined || encoded === undefined) {
    throw new WrennError('unauthorized', 'the Authorization header is neither a Basic nor a User one');
  }
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const name = scheme.toLowerCase() === 'user' ? text : text.split(':', 1)[0];
  return name === '' ? undefined : name;
}
