import { fc, test as property } from '@fast-check/vitest';
import { newId, Secret } from '@wrenn/core';
import { expect, test } from 'vitest';
import { flowSec, type Intent, looksLikeLink, newFlow, readFlow, signFlow, wayOf } from './flow.ts';

const key = new Secret('11'.repeat(32));
const now = new Date('2026-11-29T00:00:00Z');
const after = (sec: number) => new Date(now.getTime() + sec * 1000);
const link: Intent = { kind: 'link', userId: newId('user'), sessionId: newId('session') };

test.each<Intent>([{ kind: 'login' }, { kind: 'signup' }, link])(
  'a flow for $kind is read as it was signed',
  (intent) => {
    const flow = newFlow('github', intent);
    expect(readFlow(key, signFlow(key, flow, now), now)).toEqual(flow);
  },
);

test('it is good for ten minutes', () => {
  const text = signFlow(key, newFlow('github', { kind: 'login' }), now);
  expect(readFlow(key, text, after(flowSec - 1))).toBeDefined();
  expect(readFlow(key, text, after(flowSec))).toBeUndefined();
});

property.prop([fc.nat(), fc.string({ minLength: 1, maxLength: 1 })])(
  'with any character altered it is none',
  (position, character) => {
    const text = signFlow(key, newFlow('github', link), now);
    const at = position % text.length;
    fc.pre(text[at] !== character);
    expect(readFlow(key, `${text.slice(0, at)}${character}${text.slice(at + 1)}`, now)).toBeUndefined();
  },
);

property.prop([fc.string()])('text that is none is none, and harmless', (text) => {
  expect(readFlow(key, text, now)).toBeUndefined();
  expect(looksLikeLink(text)).toBe(false);
});

test('signed with another key it is none', () => {
  const text = signFlow(new Secret('22'.repeat(32)), newFlow('github', { kind: 'login' }), now);
  expect(readFlow(key, text, now)).toBeUndefined();
});

test('the verifier is not in the cookie, and follows from the flow', () => {
  const flow = newFlow('github', { kind: 'login' });
  const way = wayOf(key, flow, new URL('https://wrenn.example'));
  expect(way).toEqual({
    state: flow.nonce,
    verifier: expect.stringMatching(/^[\w-]{43}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
    redirectUri: 'https://wrenn.example/auth/oauth/github/callback',
  });
  expect(new Set([way.state, way.verifier, way.nonce]).size).toBe(3);
  const [payload = ''] = signFlow(key, flow, now).split('.');
  expect(Buffer.from(payload, 'base64url').toString()).not.toContain(way.verifier);
});
