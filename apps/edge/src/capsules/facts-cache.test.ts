import { newId } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { beforeEach, expect, it } from 'vitest';
import type { CapsuleFacts } from './facts.ts';
import { FactsCache } from './facts-cache.ts';

const id = newId('capsule');
let nowMs: number;
let asked: number;
let answer: () => Promise<CapsuleFacts | undefined>;
let cache: FactsCache;

const facts = (publicPorts: boolean): CapsuleFacts => ({
  status: 'running',
  autoResume: false,
  publicPorts,
  accessKey: Buffer.alloc(32),
  hostId: 'host',
  relay: undefined,
});

beforeEach(() => {
  nowMs = 0;
  asked = 0;
  answer = async () => facts(true);
  const ask = () => {
    asked += 1;
    return answer();
  };
  cache = new FactsCache(ask, createLogger('test', 'silent'), () => nowMs);
});

it('asks once for all who ask at the same time', async () => {
  await Promise.all(Array.from({ length: 10 }, () => cache.of(id)));
  expect(asked).toBe(1);
});

it('never answers with what is older than ten seconds while the control plane answers', async () => {
  await cache.of(id);
  answer = async () => facts(false);
  nowMs = 10_001;
  expect(await cache.of(id)).toMatchObject({ publicPorts: false });
});

it('asks again before that, so that nobody waits on a busy port', async () => {
  await cache.of(id);
  nowMs = 5_001;
  answer = async () => facts(false);
  expect(cache.fresh(id)).toMatchObject({ publicPorts: true });
  await expect.poll(() => cache.fresh(id)).toMatchObject({ publicPorts: false });
  expect(asked).toBe(2);
});

it('holds what it knows for two minutes while the control plane does not answer, and not longer', async () => {
  await cache.of(id);
  answer = async () => {
    throw new Error('away');
  };
  nowMs = 119_000;
  expect(await cache.of(id)).toMatchObject({ publicPorts: true });
  nowMs = 121_000;
  await expect(cache.of(id)).rejects.toThrow('away');
});

it('waits for a control plane that hangs once, and then for as long as it hangs uses what it knows at once', async () => {
  await cache.of(id);
  const hanging = Promise.withResolvers<CapsuleFacts | undefined>();
  answer = () => hanging.promise;
  nowMs = 10_001;
  expect(await cache.of(id)).toMatchObject({ publicPorts: true });
  // Real time: a wait for the answer would have no end in the time that a test has.
  for (let count = 0; count < 100; count++) await cache.of(id);
  expect(asked).toBe(2);
  hanging.resolve(facts(false));
  await expect.poll(() => cache.of(id)).toMatchObject({ publicPorts: false });
});

it('knows for a second only that a capsule does not run: it may be resumed by other ways', async () => {
  answer = async () => ({ ...facts(true), status: 'paused' });
  await cache.of(id);
  expect(cache.fresh(id)).toMatchObject({ status: 'paused' });
  answer = async () => facts(true);
  nowMs = 1_001;
  expect(await cache.of(id)).toMatchObject({ status: 'running' });
});

it('remembers for a second what is not there', async () => {
  answer = async () => undefined;
  expect(await cache.of(id)).toBeUndefined();
  expect(await cache.of(id)).toBeUndefined();
  expect(asked).toBe(1);
  nowMs = 1_001;
  answer = async () => facts(true);
  expect(await cache.of(id)).toBeDefined();
});
