import type { Target } from '../addressing/target.ts';
import type { Asking } from './asking.ts';

/** Methods that change nothing: whoever makes a browser send one cannot read the answer either. */
const reading = new Set(['GET', 'HEAD']);

/**
 * The cookies of a request that may open a port. A browser sends them whoever asks it to, and so they count only
 * - at a name of the capsule's own: by the path form all capsules share one, and the page of one could send another's;
 * - from a page of that name, where a request changes something or becomes a WebSocket. The names of all capsules are one
 *   site, which is all that `SameSite` knows.
 */
export function countedCookie({ form }: Target, asking: Asking): string | undefined {
  if (form !== 'host') return undefined;
  const { method, upgrade, headers } = asking;
  const isReading = reading.has(method) && upgrade === undefined;
  return isReading || isOwnOrigin(asking) ? headers.cookie : undefined;
}

/** Programs send no `Origin`. An edge that speaks HTTP itself may have somebody before it who speaks HTTPS. */
function isOwnOrigin({ headers: { origin }, host, protocol }: Asking): boolean {
  if (origin === undefined) return true;
  const own = host.toLowerCase();
  const from = origin.toLowerCase();
  return from === `https://${own}` || (protocol === 'http' && from === `http://${own}`);
}
