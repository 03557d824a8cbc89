import { checkAccess } from '@wrenn/core';
import { sameHost, withoutAccess } from '@wrenn/forward';
import type { Target } from '../addressing/target.ts';
import type { CapsuleFacts } from '../capsules/facts.ts';
import { readerOf } from '../refusal/answer.ts';
import { Refusal } from '../refusal/refusal.ts';
import type { Asking } from './asking.ts';
import { countedCookie } from './counted-cookie.ts';
import { accessCookie, presentedAccess } from './credentials.ts';
import { requireGuestDaemonPath } from './guest-daemon.ts';

/** Let in, or sent on to the same address with the credential kept in a cookie. */
export type Admission =
  | { readonly kind: 'open' }
  | { readonly kind: 'remember'; readonly location: string; readonly cookie: string };

/** Where envd listens in every capsule. It checks its own token. */
export const guestDaemonPort = 49_983;

const open: Admission = { kind: 'open' };

/** Whether a request may use the port; throws a `Refusal` for one that may not. */
export function admit(target: Target, facts: CapsuleFacts, asking: Asking): Admission {
  const { headers, method, protocol } = asking;
  if (target.form === 'path' && headers['service-worker'] !== undefined)
    throw new Refusal('forbidden', 'no service worker is served at an address that capsules share', {
      remedy: 'open the port at a name of its own',
    });
  if (target.port === guestDaemonPort) {
    requireGuestDaemonPath(target.path);
    return open;
  }
  if (facts.publicPorts) return open;
  const presented = presentedAccess(headers, target.path, countedCookie(target, asking));
  if (presented === undefined) throw forbidden('this port is private', target.port);
  const now = Math.floor(Date.now() / 1000);
  const verdict = checkAccess(facts.accessKey, presented.credential, target.port, now);
  if (verdict.kind === 'refused') {
    const why = { wrong: 'is not valid', expired: 'has expired', 'other port': 'is for another port' };
    throw forbidden(`this port is private, and what was sent to open it ${why[verdict.why]}`, target.port);
  }
  const isVisit =
    presented.in === 'query' && target.form === 'host' && method === 'GET' && readerOf(headers) === 'person';
  if (!isVisit) return open;
  const age = verdict.until === 'revoked' ? '' : `; Max-Age=${verdict.until.expiresAt - now}`;
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${protocol === 'https' ? '; Secure' : ''}${age}`;
  return {
    kind: 'remember',
    location: sameHost(withoutAccess(target.path)),
    cookie: `${accessCookie}=${presented.credential}${attributes}`,
  };
}

function forbidden(message: string, port: number): Refusal {
  return new Refusal('forbidden', message, {
    remedy: `ask whoever runs the capsule for a link (wrenn capsule port ID ${port} prints one), or for its traffic token`,
  });
}
