import type { IncomingMessage } from 'node:http';
import Negotiator from 'negotiator';

const encodings = ['identity', 'gzip'] as const;
export type Encoding = (typeof encodings)[number];

export const noEncodingMessage = `no acceptable encoding found, supported: [${encodings.join(', ')}]`;

/**
 * What the client would rather have, or undefined when it takes neither. A part of a file is one of its own bytes, so
 * whoever asks for a part gets identity when that is acceptable at all.
 */
export function chooseEncoding(request: IncomingMessage): Encoding | undefined {
  const wanted = new Negotiator(request).encodings([...encodings]);
  if (request.headers.range !== undefined && wanted.includes('identity')) return 'identity';
  return encodings.find((encoding) => encoding === wanted[0]);
}
