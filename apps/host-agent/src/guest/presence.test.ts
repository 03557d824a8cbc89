import { expect, test } from 'vitest';
import { Presence } from './presence.ts';
import { Standstill } from './standstill.ts';

const silence = () => Promise.reject(new Error('nothing came'));

test('a guest that says nothing is out of reach', async () => {
  const presence = new Presence(new Standstill(), silence);
  await expect(presence.check()).rejects.toMatchObject({ code: 'host_unavailable', retryable: true });
});

test('of many that wait for a guest, one asks', async () => {
  let asked = 0;
  const presence = new Presence(new Standstill(), async () => {
    asked += 1;
  });
  await Promise.all([presence.check(), presence.check(), presence.check()]);
  expect(asked).toBe(1);
  await presence.check();
  expect(asked).toBe(2);
});

test('a guest that stands still is not asked', async () => {
  const standstill = new Standstill();
  const presence = new Presence(standstill, silence);
  standstill.begin();
  await presence.check();
  standstill.end();
  await expect(presence.check()).rejects.toThrow();
});

test('a guest that came to a standstill while it was asked may have been silent', async () => {
  const standstill = new Standstill();
  const answer = Promise.withResolvers<void>();
  const checked = new Presence(standstill, () => answer.promise).check();
  standstill.begin();
  standstill.end();
  answer.reject(new Error('nothing came'));
  await checked;
});
