import type { FastifyReply, FastifyRequest } from 'fastify';
import { cookieValue } from '../access/credential.ts';
import type { ControlPlaneConfig } from '../config.ts';
import { setCookie } from '../http/cookies.ts';
import { flowSec } from './flow.ts';

type Config = Pick<ControlPlaneConfig, 'publicUrl'>;

/** One at a time: who begins another way to a provider gives up the one before. */
function nameIn({ publicUrl }: Config): string {
  return publicUrl.protocol === 'https:' ? '__Host-oauth_state' : 'oauth_state';
}

export function setFlowCookie(reply: FastifyReply, config: Config, value: string): void {
  setCookie(reply, { name: nameIn(config), value, maxAgeSec: flowSec }, config);
}

export function flowCookie({ headers }: FastifyRequest, config: Config): string {
  return cookieValue(headers.cookie, nameIn(config)) ?? '';
}

export function clearFlowCookie(reply: FastifyReply, config: Config): void {
  setCookie(reply, { name: nameIn(config), value: '', maxAgeSec: 0 }, config);
}

/** Tells the page that it may ask for the name; it says nothing else, and is gone in a minute. */
export function setNewSignUpCookie(reply: FastifyReply, config: Config): void {
  const cookie = {
    name: 'wrenn_oauth_new_signup',
    value: '1',
    maxAgeSec: 60,
    path: '/auth/',
    readBy: 'page',
  } as const;
  setCookie(reply, cookie, config);
}
