import type { IncomingMessage } from 'node:http';
import Negotiator from 'negotiator';

const encodings = ['identity', 'gzip'] as const;
export type Encoding = (typeof encodings)[number];

export const noEncodingMessage = `no acceptable encoding found, supported: [${encodings.join(', ')}]`;

/** Types of what a person could read, which shrinks to a fraction. */
const textual = /^text\/|[/+](?:json|xml|yaml|javascript|x-sh|sql)\b/;

/**
 * What the client would rather have, or undefined when it takes neither. A part of a file is one of its own bytes, so
 * whoever asks for a part gets identity when that is acceptable at all.
 *
 * `type` is the file's. fetch and its like name every encoding that they know with each request: that is no wish to
 * wait until a capsule has compressed what may not shrink, so then only text is compressed.
 */
export function chooseEncoding({ headers }: IncomingMessage, type: string): Encoding | undefined {
  const wanted = new Negotiator({ headers }).encodings([...encodings]);
  const isAskedFor = /^\s*gzip\s*(?:;[^,]*)?$|identity/i.test(headers['accept-encoding'] ?? '');
  const isWorthwhile = headers.range === undefined && (isAskedFor || textual.test(type));
  if (!isWorthwhile && wanted.includes('identity')) return 'identity';
  return encodings.find((encoding) => encoding === wanted[0]);
}
