import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { type Secret, WrennError } from '@wrenn/core';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** What is sealed for one purpose cannot be opened for another. */
export type SealPurpose = 'mail' | 'channel' | 'build';

/** Encrypts JSON, so that the database and its backups do not hold it in the clear. */
export function seal(key: Secret, purpose: SealPurpose, value: unknown): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, derived(key, purpose), nonce, { authTagLength: tagBytes });
  const body = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** Throws `missing_prerequisite` for what was sealed with another key, or altered. */
export function unseal(key: Secret, purpose: SealPurpose, sealed: Buffer): unknown {
  try {
    const nonce = sealed.subarray(0, nonceBytes);
    const decipher = createDecipheriv(algorithm, derived(key, purpose), nonce, { authTagLength: tagBytes });
    decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
    const body = sealed.subarray(nonceBytes + tagBytes);
    return JSON.parse(Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8'));
  } catch (cause) {
    throw new WrennError('missing_prerequisite', `what was sealed for a ${purpose} cannot be opened`, {
      cause,
      remedy: 'put back WRENN_DIR/secrets/sealing as it was when it was sealed',
    });
  }
}

function derived(key: Secret, purpose: SealPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(key.reveal(), 'hex'), '', `wrenn ${purpose}`, 32));
}
