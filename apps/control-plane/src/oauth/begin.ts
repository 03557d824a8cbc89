import { deadline } from '@wrenn/core';
import type { FastifyReply } from 'fastify';
import type { ServerContext } from '../server-context.ts';
import { type Intent, newFlow, signFlow, wayOf } from './flow.ts';
import { setFlowCookie } from './flow-cookie.ts';
import type { Provider } from './provider.ts';

const discoveryMs = 10_000;

/** Gives the browser what it needs for the way back, and says where it has to go. */
export async function beginFlow(
  { config, secrets }: Pick<ServerContext, 'config' | 'secrets'>,
  reply: FastifyReply,
  provider: Provider,
  intent: Intent,
): Promise<string> {
  const flow = newFlow(provider.name, intent);
  using limit = deadline(discoveryMs, `asking ${provider.name} where to sign in`);
  const url = await provider.authorizationUrl(wayOf(secrets.oauth, flow, config.publicUrl), limit);
  setFlowCookie(reply, config, signFlow(secrets.oauth, flow, new Date()));
  return url.href;
}
