import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '@wrenn/core';

/** `wrn_` and 32 hexadecimal digits; E2B's clients insist on `e2b_`, followed by any number of them. */
const pattern = /^(?:wrn_[0-9a-f]{32}|e2b_[0-9a-f]{32,64})$/;

export const keyShapes = ['wrenn', 'e2b'] as const;
export type KeyShape = (typeof keyShapes)[number];

export function newApiKey(shape: KeyShape = 'wrenn'): Secret {
  return new Secret(
    shape === 'e2b' ? `e2b_${randomBytes(20).toString('hex')}` : `wrn_${randomBytes(16).toString('hex')}`,
  );
}

/** What the database keeps; undefined for text that cannot be a key, which then costs no query. */
export function hashApiKey(text: string): string | undefined {
  return pattern.test(text) ? createHash('sha256').update(text).digest('hex') : undefined;
}

/** The part that is shown, so that people can tell their keys apart. */
export function visiblePrefix(key: Secret): string {
  return key.reveal().slice(0, 10);
}
