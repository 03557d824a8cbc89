import { createSecretKey, type KeyObject } from 'node:crypto';
import { parseId, type Secret, type SessionId, type UserId, WrennError } from '@wrenn/core';
import { errors, jwtVerify, SignJWT } from 'jose';

/** How long a token of a session is good; the session itself may go on with a new one. */
export const tokenTtlSec = 6 * 3600;
const issuer = 'wrenn';
const audience = 'wrenn-api';
const algorithm = 'HS256';

/** What a token says beside whose session it is. For clients to show; nothing is decided by it. */
export interface TokenFacts {
  readonly teamId: string | undefined;
  readonly role: string | undefined;
  readonly email: string;
  readonly name: string;
  readonly isAdmin: boolean;
}

/** A signed token that names a session. The session's row decides what it is worth at each request. */
export async function signSessionToken(
  key: Secret,
  session: { readonly id: SessionId; readonly userId: UserId },
  facts: TokenFacts,
  now: Date,
): Promise<string> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  return await new SignJWT({
    sid: session.id,
    team_id: facts.teamId,
    role: facts.role,
    email: facts.email,
    name: facts.name,
    is_admin: facts.isAdmin,
  })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(session.userId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + tokenTtlSec)
    .sign(keyObject(key));
}

export interface SessionToken {
  readonly sessionId: SessionId;
  readonly issuedAt: Date;
}

/** Undefined for text that is no token of ours, or one that is over. */
export async function readSessionToken(key: Secret, text: string): Promise<SessionToken | undefined> {
  try {
    const { payload } = await jwtVerify(text, keyObject(key), { algorithms: [algorithm], issuer, audience });
    if (typeof payload['sid'] !== 'string' || payload.iat === undefined) return undefined;
    return { sessionId: parseId('session', payload['sid']), issuedAt: new Date(payload.iat * 1000) };
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError || thrown instanceof WrennError) return undefined;
    throw thrown;
  }
}

/** Three parts between dots: what cannot be a token costs no signature. */
export function looksLikeToken(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

const keys = new WeakMap<Secret, KeyObject>();
function keyObject(key: Secret): KeyObject {
  const known = keys.get(key);
  if (known !== undefined) return known;
  const made = createSecretKey(Buffer.from(key.reveal(), 'hex'));
  keys.set(key, made);
  return made;
}
