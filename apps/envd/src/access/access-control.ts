import { createHash, timingSafeEqual } from 'node:crypto';
import { WrennError } from '@wrenn/core';
import { type FileClaim, isAmbiguous, signatureOf } from './signature.ts';

export const tokenHeader = 'x-access-token';
export const hostSecretHeader = 'x-wrenn-host-secret';

/** `/init` takes none that is longer. */
const longestSecretBytes = 1024;

/**
 * A secret with its length in a block of fixed size, so that the time of a comparison tells neither. Not a digest: the
 * first one that a restored capsule computes brings in so much of OpenSSL that its creator would wait for it.
 */
type Block = Buffer;
function blockOf(secret: string): Block {
  const block = Buffer.alloc(4 + longestSecretBytes);
  block.writeUInt32LE(Buffer.byteLength(secret));
  block.write(secret, 4);
  return block;
}

/** The secret's bytes, out of its block. */
function secretIn(block: Block): Buffer {
  return block.subarray(4, 4 + block.readUInt32LE());
}

/** A secret that was presented, against the one that is wanted. */
function matches(presented: string | undefined, wanted: Block): boolean {
  return timingSafeEqual(blockOf(presented ?? ''), wanted) && presented !== undefined;
}

/**
 * Who may do what. The access token lets clients in, the host's secret lets the host call `/init`.
 *
 * The host's secret is trusted on first use: the first `/init` comes when a template boots, before any process of a
 * user exists, and from then on each `/init` must show the current one and may replace both.
 */
export class AccessControl {
  readonly #mode: 'standalone' | 'capsule';
  #token: Block | undefined;
  #hostSecret: Block | undefined;

  /** `standalone` needs no token, for work on a developer's own machine. */
  constructor(mode: 'standalone' | 'capsule') {
    this.#mode = mode;
  }

  /** Throws `unauthorized`. Without a token, which is so until the first `/init`, nobody is let in. */
  requireToken(presented: string | undefined): void {
    if (this.#token === undefined) {
      if (this.#mode === 'standalone') return;
      throw new WrennError('unauthorized', 'the capsule has no access token yet');
    }
    if (!matches(presented, this.#token)) {
      throw new WrennError('unauthorized', 'the access token is missing or wrong', {
        remedy: `send the capsule's access token in the header ${tokenHeader}`,
      });
    }
  }

  /**
   * Lets in who presents the token, or signed just this with it. `expired` is a right signature whose time is over;
   * anything else throws `unauthorized`.
   */
  requireTokenOrSignature(presented: string | undefined, claim: FileClaim): 'granted' | 'expired' {
    const token = this.#token;
    const isSigned = claim.signature !== undefined && token !== undefined;
    if (!isSigned || matches(presented, token)) {
      this.requireToken(presented);
      return 'granted';
    }
    const isRight = matches(claim.signature, blockOf(signatureOf(secretIn(token), claim)));
    if (!isRight || isAmbiguous(claim)) {
      throw new WrennError('unauthorized', 'invalid signature', { field: 'signature' });
    }
    // Only now: whoever cannot sign learns nothing of the time.
    const isOver = claim.expiration !== undefined && Number(claim.expiration) < Date.now() / 1000;
    return isOver ? 'expired' : 'granted';
  }

  /**
   * `presented` is the secret in the header, `offered` the one in the body, which becomes the current one. Knowing the
   * current secret in either place makes the host: so a request whose answer was lost can be sent again as it was.
   * Throws `unauthorized`, and `invalid_request` for a first `/init` that offers none.
   */
  requireHost(presented: string | undefined, offered: string | undefined): void {
    if (this.#hostSecret !== undefined) {
      if (matches(presented, this.#hostSecret) || matches(offered, this.#hostSecret)) return;
      throw new WrennError('unauthorized', 'the host secret is missing or wrong');
    }
    // Without one, the next to come could make itself the host.
    if (offered === undefined) {
      throw new WrennError('invalid_request', 'hostSecret: the first /init must set it', {
        field: 'hostSecret',
      });
    }
  }

  /** Whether these hexadecimal digits are the SHA-512 of the access token. Without a token none are. */
  isHashOfToken(digits: string): boolean {
    if (this.#token === undefined) return false;
    return createHash('sha512').update(secretIn(this.#token)).digest('hex') === digits;
  }

  /** Replaces what is given. */
  replace(secrets: {
    readonly accessToken: string | undefined;
    readonly hostSecret: string | undefined;
  }): void {
    if (secrets.accessToken !== undefined) this.#token = blockOf(secrets.accessToken);
    if (secrets.hostSecret !== undefined) this.#hostSecret = blockOf(secrets.hostSecret);
  }
}
