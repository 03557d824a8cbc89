import type { FastifyReply } from 'fastify';
import { cookieName } from '../access/credential.ts';
import type { UserPrincipal } from '../access/principal.ts';
import { readSessionToken, signSessionToken, tokenTtlSec } from '../access/session-token.ts';
import type { ControlPlaneConfig } from '../config.ts';
import { setCookie } from '../http/cookies.ts';
import type { Secrets } from '../secrets/secrets.ts';

interface Services {
  readonly config: ControlPlaneConfig;
  readonly secrets: Secrets;
}

/** A fresh token of the session, for whoever showed that it is theirs. */
export async function tokenFor({ secrets }: Services, principal: UserPrincipal, now: Date): Promise<string> {
  const { sessionId, userId, team, email, name, isAdmin } = principal;
  return await signSessionToken(
    secrets.session,
    { id: sessionId, userId },
    { teamId: team?.id, role: team?.role, email, name, isAdmin },
    now,
  );
}

/** Browsers keep it as long as the token in it is good. */
export function setSessionCookie({ config }: Services, reply: FastifyReply, token: string): void {
  setCookie(reply, { name: cookieName(config), value: token, maxAgeSec: tokenTtlSec }, config);
}

export function clearSessionCookie({ config }: Services, reply: FastifyReply): void {
  setCookie(reply, { name: cookieName(config), value: '', maxAgeSec: 0 }, config);
}

/** Gives a browser that is at work a new token before its old one is over. */
export async function renewSessionCookie(
  services: Services,
  reply: FastifyReply,
  {
    principal,
    token,
    now,
  }: { readonly principal: UserPrincipal; readonly token: string; readonly now: Date },
): Promise<void> {
  const read = await readSessionToken(services.secrets.session, token);
  if (read === undefined || now.getTime() - read.issuedAt.getTime() < (tokenTtlSec / 2) * 1000) return;
  setSessionCookie(services, reply, await tokenFor(services, principal, now));
}
