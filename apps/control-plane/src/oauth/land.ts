import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ControlPlaneConfig } from '../config.ts';
import type { ServerContext } from '../server-context.ts';
import { answerSignedIn } from '../users/answer.ts';
import { type CallbackQuery, comeBack } from './come-back.ts';
import { type OAuthFault, OAuthRefusal } from './fault.ts';
import { looksLikeLink } from './flow.ts';
import { clearFlowCookie, flowCookie, setNewSignUpCookie } from './flow-cookie.ts';
import type { Provider } from './provider.ts';

/** Ends a way to a provider, and says on which page of the dashboard the browser lands. */
export async function land(
  context: ServerContext,
  provider: Provider,
  exchange: {
    readonly request: FastifyRequest;
    readonly reply: FastifyReply;
    readonly query: CallbackQuery;
  },
): Promise<string> {
  const { config } = context;
  const { request, reply, query } = exchange;
  const isLink = looksLikeLink(flowCookie(request, config));
  clearFlowCookie(reply, config);
  try {
    const outcome = await comeBack(context, provider, request, query);
    if (outcome.kind === 'linked') return page(config, '/dashboard/settings', { connected: provider.name });
    await answerSignedIn(context, reply, outcome.sessionId);
    if (outcome.isNew) setNewSignUpCookie(reply, config);
    return page(config, homeOf(provider));
  } catch (thrown) {
    if (!(thrown instanceof OAuthRefusal)) throw thrown;
    return isLink
      ? page(config, '/dashboard/settings', { connect_error: thrown.fault })
      : refusedAt(config, provider, thrown.fault);
  }
}

/** The page that tells why somebody is not signed in. */
export function refusedAt(config: ControlPlaneConfig, provider: Provider, fault: OAuthFault): string {
  return page(config, homeOf(provider), { error: fault });
}

function homeOf({ name }: Provider): string {
  return `/auth/${name}/callback`;
}

function page(
  { publicUrl }: Pick<ControlPlaneConfig, 'publicUrl'>,
  path: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const url = new URL(path, publicUrl);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
