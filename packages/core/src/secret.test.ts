import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { Secret } from './secret.ts';

it('a secret shows itself only when asked to', () => {
  const secret = new Secret('hunter2');
  expect([`${secret}`, JSON.stringify({ secret }), inspect(secret)].join()).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2');
});
