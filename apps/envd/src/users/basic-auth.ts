import { WrennError } from '@wrenn/core';

/**
 * The user that an `Authorization: Basic` header names, or undefined without one. The password is ignored: what lets a
 * request in is the access token, the name only says as whom it acts. Throws `unauthorized` for any other header.
 */
export function usernameOf(authorization: string | null): string | undefined {
  if (authorization === null || authorization === '') return undefined;
  const encoded = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization)?.[1];
  if (encoded === undefined) {
    throw new WrennError('unauthorized', 'the Authorization header is not a Basic one');
  }
  const [name = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':', 1);
  return name === '' ? undefined : name;
}
