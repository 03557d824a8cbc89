import type { SessionId } from '@wrenn/core';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { unauthorized } from '../access/authenticate.ts';
import type { ServerContext } from '../server-context.ts';
import { findSession } from './login-sessions.ts';
import type { authBody } from './schemas.ts';
import { setSessionCookie, tokenFor } from './session-cookie.ts';

/** Answers with a fresh token of the session, and lets a browser keep it. */
export async function answerSignedIn(
  context: ServerContext,
  reply: FastifyReply,
  sessionId: SessionId,
): Promise<z.output<typeof authBody>> {
  const found = await findSession(context.database, sessionId);
  if (found?.state !== 'live') throw unauthorized('the session is over');
  const { principal } = found;
  const token = await tokenFor(context, principal, new Date());
  setSessionCookie(context, reply, token);
  return {
    token,
    user_id: principal.userId,
    team_id: principal.team?.id ?? null,
    email: principal.email,
    name: principal.name,
    role: principal.team?.role ?? null,
    is_admin: principal.isAdmin,
  };
}
