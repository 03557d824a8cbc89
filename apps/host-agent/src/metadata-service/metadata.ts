import { createHash } from 'node:crypto';

/** What a guest can learn of itself, under the names that E2B's and Wrenn's daemons read. */
export interface GuestMetadata {
  /** The capsule's ID. */
  readonly instanceID: string;
  /** The template's ID, a hyphenated UUID. */
  readonly envID: string;
  /** SHA-512 of the capsule's access token in hexadecimal digits: lets a guest check a token that it was told. */
  readonly accessTokenHash: string;
}

export function guestMetadata(identity: {
  readonly capsuleId: string;
  readonly templateId: string;
  readonly accessToken: string;
}): GuestMetadata {
  return {
    instanceID: identity.capsuleId,
    envID: identity.templateId,
    accessTokenHash: createHash('sha512').update(identity.accessToken).digest('hex'),
  };
}
