import type { HandlerContext } from '@connectrpc/connect';

const defaultSeconds = 90;
const longestSeconds = 24 * 60 * 60;

/** After how long a silence a stream says that it is still there: the header's whole seconds, or 90. */
export function keepAliveMsOf({ requestHeader }: Pick<HandlerContext, 'requestHeader'>): number {
  const text = requestHeader.get('keepalive-ping-interval') ?? '';
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return (seconds === 0 ? defaultSeconds : Math.min(seconds, longestSeconds)) * 1000;
}
