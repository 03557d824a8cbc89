import { createHash, randomBytes } from 'node:crypto';
import type { Secret } from '@wrenn/core';

export interface InitRequest {
  readonly accessToken: string;
  /** The secret for the next `/init`. */
  readonly hostSecret: string;
  /** The host's time, RFC 3339. */
  readonly timestamp: string;
  readonly defaultUser: string;
  /** Absent: as it was; empty: the user's home. */
  readonly defaultWorkdir?: string;
  readonly envVars: Record<string, string>;
  readonly capsuleId: string;
  readonly templateId: string;
  readonly hostname: string;
  /** 32 hexadecimal digits. */
  readonly machineId: string;
  /** Base64. */
  readonly entropy: string;
}

/** Enough for the kernel's generator to be as unpredictable as if it had never been copied. */
const entropyBytes = 64;

export interface Identity {
  readonly accessToken: Secret;
  readonly hostSecret: Secret;
  readonly capsuleId: string;
  readonly templateId: string;
  readonly defaultUser: string;
  /** As in the request. */
  readonly defaultWorkdir?: string;
  readonly envVars: Record<string, string>;
}

/** The body of `/init`. Made at the last moment: it carries the time. */
export function initRequest({ accessToken, hostSecret, ...identity }: Identity): InitRequest {
  return {
    accessToken: accessToken.reveal(),
    hostSecret: hostSecret.reveal(),
    timestamp: new Date().toISOString(),
    entropy: randomBytes(entropyBytes).toString('base64'),
    hostname: identity.capsuleId,
    machineId: machineIdOf(identity.capsuleId),
    ...identity,
  };
}

/** The same after each resume, another in each clone; a hash, since programs take a machine's ID for a secret. */
function machineIdOf(capsuleId: string): string {
  return createHash('sha256').update(`machine-id:${capsuleId}`).digest('hex').slice(0, 32);
}
