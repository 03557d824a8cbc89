import { createHmac, randomBytes } from 'node:crypto';
import { isSame, parseJson, type Secret, type SessionId, type UserId } from '@wrenn/core';
import { z } from 'zod';
import { idText } from '../http/schemas.ts';
import type { Way } from './provider.ts';

/** What somebody wants of a provider. A link belongs to the session that began it. */
export type Intent =
  | { readonly kind: 'login' }
  | { readonly kind: 'signup' }
  | { readonly kind: 'link'; readonly userId: UserId; readonly sessionId: SessionId };

/** What a browser carries in a cookie while it is away, signed. */
export interface Flow {
  readonly nonce: string;
  readonly provider: string;
  readonly intent: Intent;
}

export const flowSec = 600;

const contents = z.strictObject({
  nonce: z.string(),
  provider: z.string(),
  expires: z.int(),
  intent: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('login') }),
    z.strictObject({ kind: z.literal('signup') }),
    z.strictObject({
      kind: z.literal('link'),
      userId: idText('user'),
      sessionId: idText('session'),
    }),
  ]),
});

export function newFlow(provider: string, intent: Intent): Flow {
  return { nonce: randomBytes(32).toString('base64url'), provider, intent };
}

export function signFlow(key: Secret, flow: Flow, now: Date): string {
  const expires = Math.floor(now.getTime() / 1000) + flowSec;
  const payload = Buffer.from(JSON.stringify({ ...flow, expires })).toString('base64url');
  return `${payload}.${derive(key, 'flow', payload)}`;
}

/** Undefined for what is not signed by us, letter for letter, and for what is too old. */
export function readFlow(key: Secret, text: string, now: Date): Flow | undefined {
  const [payload = '', signature = '', ...more] = text.split('.');
  if (more.length > 0 || !isSame(signature, derive(key, 'flow', payload))) return undefined;
  const { expires, ...flow } = contents.parse(parseJson(Buffer.from(payload, 'base64url').toString()));
  return now.getTime() / 1000 < expires ? flow : undefined;
}

/** Whether it says that it is a link. Not believed: it only decides on which page a fault is told. */
export function looksLikeLink(text: string): boolean {
  const read = contents.safeParse(parseJson(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString()));
  return read.success && read.data.intent.kind === 'link';
}

/** What goes to the provider is derived from the flow: the browser does not have the verifier. */
export function wayOf(key: Secret, { nonce, provider }: Flow, publicUrl: URL): Way {
  return {
    state: nonce,
    verifier: derive(key, 'verifier', nonce),
    nonce: derive(key, 'nonce', nonce),
    redirectUri: new URL(`/auth/oauth/${provider}/callback`, publicUrl).href,
  };
}

function derive(key: Secret, purpose: 'flow' | 'verifier' | 'nonce', text: string): string {
  return createHmac('sha256', Buffer.from(key.reveal(), 'hex'))
    .update(`${purpose} ${text}`)
    .digest('base64url');
}
