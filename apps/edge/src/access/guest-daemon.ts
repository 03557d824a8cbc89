import { Refusal } from '../refusal/refusal.ts';

/**
 * What envd serves to its clients; the rest of it (`/init`, `/snapshot/…`) is for the host alone, and not there for
 * anybody who comes by the edge. A list of what is open, in one spelling: there is then no other way to write what is not.
 */
const served =
  /^\/(?:health|metrics|envs|files(?:\/compose)?|(?:process\.Process|filesystem\.Filesystem)\/[A-Za-z]+|terminals\/input)(?:\?|$)/;

export function requireGuestDaemonPath(path: string): void {
  if (!served.test(path)) throw new Refusal('no_such_path', 'there is nothing at this path');
}
