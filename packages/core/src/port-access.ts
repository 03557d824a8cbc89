import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CapsuleId } from './ids.ts';

/**
 * The credentials of private ports. All are made from one key for each capsule, which the control plane derives from the
 * installation's secret: nothing of them is stored, a new generation of the key voids them all, and whoever checks them
 * has the keys of those capsules only that it was asked for.
 */

/** `generation` counts how often the capsule's credentials were made void. */
export function accessKey(secret: Uint8Array, id: CapsuleId, generation: number): Buffer {
  return mac(secret, `capsule access ${id} ${generation}`);
}

/** Opens every port of the capsule, until its generation ends. */
export function trafficToken(key: Uint8Array): string {
  return mac(key, 'traffic token').toString('base64url');
}

/** Opens one port until `expiresAt`, in seconds since 1970. */
export function portLink(key: Uint8Array, port: number, expiresAt: number): string {
  return `l1.${port}.${expiresAt}.${mac(key, `link ${port} ${expiresAt}`).toString('base64url')}`;
}

const link = /^l1\.(\d{1,5})\.(\d{1,12})\.([\w-]{43})$/;

export type AccessVerdict =
  | { readonly kind: 'open'; readonly until: 'revoked' | { readonly expiresAt: number } }
  | { readonly kind: 'refused'; readonly why: 'wrong' | 'expired' | 'other port' };

/** What a credential, whatever was sent as one, is worth at a port. `now` in seconds since 1970. */
export function checkAccess(key: Uint8Array, credential: string, port: number, now: number): AccessVerdict {
  const match = link.exec(credential);
  if (match === null) {
    return isSame(credential, trafficToken(key))
      ? { kind: 'open', until: 'revoked' }
      : { kind: 'refused', why: 'wrong' };
  }
  const [linkPort, expiresAt] = [Number(match[1]), Number(match[2])];
  if (!isSame(credential, portLink(key, linkPort, expiresAt))) return { kind: 'refused', why: 'wrong' };
  if (linkPort !== port) return { kind: 'refused', why: 'other port' };
  return expiresAt > now ? { kind: 'open', until: { expiresAt } } : { kind: 'refused', why: 'expired' };
}

/** How long a comparison takes says nothing of where two texts differ. */
export function isSame(left: string, right: string): boolean {
  return timingSafeEqual(mac(sameKey, left), mac(sameKey, right));
}

const sameKey = Buffer.from('compare');

function mac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
