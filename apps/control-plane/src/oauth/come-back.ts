import { deadline, describeError, isSame, type SessionId, WrennError } from '@wrenn/core';
import type { FastifyRequest } from 'fastify';
import { presentedCredential } from '../access/credential.ts';
import type { UserPrincipal } from '../access/principal.ts';
import { readSessionToken } from '../access/session-token.ts';
import { originOf } from '../http/origin.ts';
import { networkOf } from '../limits/network.ts';
import type { ServerContext } from '../server-context.ts';
import { findSession } from '../users/login-sessions.ts';
import { enter } from './enter.ts';
import { OAuthRefusal } from './fault.ts';
import { type Flow, type Intent, readFlow, wayOf } from './flow.ts';
import { flowCookie } from './flow-cookie.ts';
import { linkAccount } from './link.ts';
import type { Provider, ProviderAccount } from './provider.ts';

/** The query that a provider sends a browser back with. */
export interface CallbackQuery {
  readonly state?: string | undefined;
  readonly code?: string | undefined;
  readonly error?: string | undefined;
}

export type Outcome =
  | { readonly kind: 'entered'; readonly sessionId: SessionId; readonly isNew: boolean }
  | { readonly kind: 'linked' };

const exchangeMs = 15_000;

/** Ends the way to a provider that this browser began, with what it was begun for. What it throws is an OAuthRefusal. */
export async function comeBack(
  context: ServerContext,
  provider: Provider,
  request: FastifyRequest,
  query: CallbackQuery,
): Promise<Outcome> {
  const flow = await takeFlow(context, provider, request, query.state);
  if (query.error !== undefined) {
    throw new OAuthRefusal(query.error === 'access_denied' ? 'access_denied' : 'exchange_failed');
  }
  if (query.code === undefined) throw new OAuthRefusal('missing_code');
  const { intent } = flow;
  // Before the code is used up: a link is nobody's whose session is over.
  const user = intent.kind === 'link' ? await linkingUser(context, request, intent) : undefined;
  const account = await exchange(context, provider, flow, { code: query.code, request });
  try {
    if (user !== undefined) {
      await linkAccount(context, user, provider.name, account);
      return { kind: 'linked' };
    }
    const wanted = intent.kind === 'signup' ? 'signup' : 'login';
    const entry = { provider: provider.name, account, intent: wanted, origin: originOf(request) } as const;
    return { kind: 'entered', ...(await enter(context, entry)) };
  } catch (thrown) {
    if (thrown instanceof OAuthRefusal) throw thrown;
    context.log.error(
      { provider: provider.name, cause: describeError(thrown) },
      'signing in through a provider',
    );
    throw new OAuthRefusal('db_error');
  }
}

/** The flow of the cookie, if it is this browser's, whole, of this provider, not too old, and not ended before. */
async function takeFlow(
  { secrets, limits, config }: ServerContext,
  provider: Provider,
  request: FastifyRequest,
  state: string | undefined,
): Promise<Flow> {
  const flow = readFlow(secrets.oauth, flowCookie(request, config), new Date());
  if (flow === undefined || flow.provider !== provider.name || !isSame(flow.nonce, state ?? '')) {
    throw new OAuthRefusal('invalid_state');
  }
  await refusing('invalid_state', limits.take('provider-state', flow.nonce));
  await refusing('rate_limited', limits.take('provider-address', networkOf(request.ip)));
  return flow;
}

async function refusing(fault: 'invalid_state' | 'rate_limited', counting: Promise<void>): Promise<void> {
  try {
    await counting;
  } catch (thrown) {
    if (thrown instanceof WrennError && thrown.code === 'rate_limited') throw new OAuthRefusal(fault);
    throw thrown;
  }
}

/** The user whose session began the link: it must still be live, and no other may be in this browser. */
async function linkingUser(
  { database, secrets, config }: ServerContext,
  request: FastifyRequest,
  { userId, sessionId }: Extract<Intent, { kind: 'link' }>,
): Promise<UserPrincipal> {
  const shown = presentedCredential(request.raw, config)?.text;
  const token = shown === undefined ? undefined : await readSessionToken(secrets.session, shown);
  if (token !== undefined && token.sessionId !== sessionId) throw new OAuthRefusal('invalid_state');
  const found = await findSession(database, sessionId);
  if (found === undefined || found.state !== 'live' || found.principal.userId !== userId) {
    throw new OAuthRefusal('invalid_state');
  }
  return found.principal;
}

async function exchange(
  { secrets, config, log }: ServerContext,
  provider: Provider,
  flow: Flow,
  { code, request }: { readonly code: string; readonly request: FastifyRequest },
): Promise<ProviderAccount> {
  using limit = deadline(exchangeMs, `asking ${provider.name} who somebody is`);
  try {
    const url = new URL(request.url, config.publicUrl);
    return await provider.identify({ code, url }, wayOf(secrets.oauth, flow, config.publicUrl), limit);
  } catch (thrown) {
    log.warn(
      { provider: provider.name, cause: describeError(thrown) },
      'a provider did not say who somebody is',
    );
    throw new OAuthRefusal('exchange_failed');
  }
}
