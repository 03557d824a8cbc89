import { ForwardFault, type ForwardFaultKind, forwardFaultKinds } from './forward-fault.ts';
import { sameHeaders } from './headers/answer-headers.ts';
import type { RequestHead } from './headers/request-head.ts';

/**
 * What relay and edge say to each other, beside what they pass on: in this header of an answer a relay says that it is
 * its own, and why. No guest's answer comes through with it.
 */
export const relayHeader = 'x-wrenn-relay';

/** A request's headers as a relay passes them on: the edge has done all that is to be done with them. */
export function relayedHeaders(
  rawHeaders: readonly string[],
  { body }: Pick<RequestHead, 'body'>,
  upgrade: string | undefined,
): string[] {
  const headers = sameHeaders(rawHeaders, body === 'chunked' ? [relayHeader] : [relayHeader, 'trailer']);
  if (takesTrailers(rawHeaders)) headers.push('TE', 'trailers');
  if (body === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  if (upgrade !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', upgrade);
  return headers;
}

export function relayedAnswer(rawHeaders: readonly string[]): string[] {
  return sameHeaders(rawHeaders, [relayHeader]);
}

/** The fault that a relay tells of; undefined for what comes from the port itself. */
export function relayFaultIn(rawHeaders: readonly string[]): ForwardFault | undefined {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length !== relayHeader.length || name.toLowerCase() !== relayHeader) continue;
    const kind = rawHeaders[index + 1];
    return isKind(kind) ? new ForwardFault(kind) : undefined;
  }
  return undefined;
}

/** The one word about a connection that is about the message too. */
function takesTrailers(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some(
    (name, index) =>
      index % 2 === 0 && name.toLowerCase() === 'te' && /\btrailers\b/i.test(rawHeaders[index + 1] ?? ''),
  );
}

function isKind(text: unknown): text is ForwardFaultKind {
  return forwardFaultKinds.some((kind) => kind === text);
}
