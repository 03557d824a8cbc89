import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const expiryBytes = 8;
const tokenBytes = expiryBytes + 32;

/**
 * Tokens of the metadata service: the time of their end and a signature of it, so that nothing is kept for them. One
 * is good for the capsule that it was issued to. Those from before a restart of the agent are void, as a restored
 * Firecracker machine's are: whoever reads metadata asks for a new one then.
 */
export class SessionTokens {
  readonly #key = randomBytes(32);
  readonly #now: () => number;

  /** `now` counts milliseconds and is never set back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  issue(capsuleId: string, ttlSeconds: number): string {
    const expiry = Buffer.alloc(expiryBytes);
    expiry.writeDoubleBE(this.#now() + ttlSeconds * 1000);
    return Buffer.concat([expiry, this.#sign(capsuleId, expiry)]).toString('base64url');
  }

  isValid(capsuleId: string, token: string): boolean {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== tokenBytes) return false;
    const expiry = bytes.subarray(0, expiryBytes);
    if (!timingSafeEqual(bytes.subarray(expiryBytes), this.#sign(capsuleId, expiry))) return false;
    return this.#now() < expiry.readDoubleBE();
  }

  #sign(capsuleId: string, expiry: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(expiry).update(capsuleId).digest();
  }
}
