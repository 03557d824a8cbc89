import type { ClientRequest } from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { CapsuleId } from '@wrenn/core';

export interface Transfer {
  readonly method: 'GET' | 'POST';
  /** One file, or a folder with all that is in it, as tar. */
  readonly what: 'files' | 'archive';
  readonly path: string;
  /** Empty: the capsule's default user. */
  readonly user: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Begins to move the body of a file to or from a capsule: the caller writes what it sends and reads the answer. */
export function openTransfer(
  address: string,
  agent: HttpsAgent,
  id: CapsuleId,
  { method, what, path, user, headers }: Transfer,
  signal: AbortSignal,
): ClientRequest {
  const query = new URLSearchParams({ path, ...(user === '' ? {} : { username: user }) });
  const url = `https://${address}/guest/${id}/${what}?${query}`;
  return httpsRequest(url, { method, headers, agent, signal });
}
