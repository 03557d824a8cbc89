import { WrennError } from '@wrenn/core';

/** What the host says of this machine where programs look for it, at the metadata service. */
export interface Metadata {
  readonly capsuleId: string;
  readonly templateId: string;
  /** SHA-512 of the access token in hexadecimal digits. */
  readonly accessTokenHash: string | undefined;
}

const idPattern = /^[A-Za-z0-9-]{1,64}$/;
const hashPattern = /^[0-9a-f]{128}$/i;

/** Reads the service's document, in which fields of a later host may stand. Throws `agent_error` until it is whole. */
export function parseMetadata(text: string): Metadata {
  const { instanceID, envID, accessTokenHash } = objectIn(text);
  return {
    capsuleId: matching('instanceID', instanceID, idPattern),
    templateId: matching('envID', envID, idPattern),
    accessTokenHash:
      accessTokenHash === undefined || accessTokenHash === ''
        ? undefined
        : matching('accessTokenHash', accessTokenHash, hashPattern).toLowerCase(),
  };
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (cause) {
    throw new WrennError('agent_error', 'the metadata is not JSON', { cause });
  }
  throw new WrennError('agent_error', 'the metadata is not an object');
}

function matching(field: string, value: unknown, pattern: RegExp): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new WrennError('agent_error', `the metadata has no ${field} yet, or one that cannot be right`);
}
