import { describeError, WrennError } from '@wrenn/core';
import { claimFirstUse, findKey, noteUse } from '../keys/store.ts';
import type { ServerContext } from '../server-context.ts';
import { findSession, noteSeen } from '../users/login-sessions.ts';
import { actorOf, type KeyPrincipal, type Principal, type UserPrincipal } from './principal.ts';
import { looksLikeToken, readSessionToken } from './session-token.ts';

type Services = Pick<ServerContext, 'database' | 'secrets' | 'recorder' | 'log'>;

/** Who shows this key or token of a session. Throws `unauthorized` for what is none, or is not good any more. */
export async function authenticate(services: Services, credential: string): Promise<Principal> {
  return looksLikeToken(credential)
    ? await authenticateSession(services, credential)
    : await authenticateKey(services, credential);
}

async function authenticateKey(services: Services, text: string): Promise<KeyPrincipal> {
  const { database } = services;
  const found = await findKey(database, text);
  if (found === undefined) throw unauthorized('the API key is not valid');
  const { principal, isFirstToday, isStale } = found;
  if (isFirstToday) await auditFirstUse(services, principal);
  else if (isStale) await noteUse(database, principal.keyId);
  return principal;
}

async function auditFirstUse({ database, recorder }: Services, principal: KeyPrincipal): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    if (!(await claimFirstUse(transaction, principal.keyId))) return;
    await recorder.record(transaction, {
      teamId: principal.team.id,
      actor: actorOf(principal),
      what: 'api_key.use',
      resourceId: principal.keyId,
      status: 'info',
    });
  });
}

async function authenticateSession(
  { database, secrets, log }: Services,
  text: string,
): Promise<UserPrincipal> {
  const token = await readSessionToken(secrets.session, text);
  const found = token && (await findSession(database, token.sessionId));
  if (found === undefined) throw unauthorized('the session is over');
  if (found.state === 'deactivated') {
    throw new WrennError('account_deactivated', 'the account is not active any more', {
      remedy: 'ask an administrator of this installation',
    });
  }
  if (found.isStale) {
    // The request does not depend on it.
    noteSeen(database, found.principal.sessionId).catch((thrown: unknown) => {
      log.warn({ cause: describeError(thrown) }, 'noting when a session was last seen');
    });
  }
  return found.principal;
}

export function unauthorized(message: string): WrennError {
  return new WrennError('unauthorized', message, {
    remedy: 'send a valid key in the header X-API-Key, or sign in',
  });
}
