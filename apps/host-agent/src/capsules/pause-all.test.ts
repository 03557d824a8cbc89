import { abortable, type CapsuleId } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pauseAllLimitMs, pauseAllWith } from './pause-all.ts';
import { StandInCapsules } from './testing/stand-in-capsules.ts';

const never = new AbortController().signal;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('pausing all capsules', () => {
  it('pauses each that runs, a few at once, and lets nothing new in', async () => {
    const host = hostWith(10);
    host.settlePaused(host.add({}).id);
    let atOnce = 0;
    let most = 0;
    const notes: string[] = [];
    const pause = async (id: CapsuleId) => {
      expect(host.admission.state).toBe('draining');
      most = Math.max(most, ++atOnce);
      await Promise.resolve();
      atOnce -= 1;
      host.settlePaused(id);
    };
    const outcome = await pauseAllWith(host, pause, (text) => notes.push(text), never);
    expect(outcome).toEqual({ paused: 10, failed: [] });
    expect(most).toBe(4);
    expect(notes).toEqual([
      'pausing 10 running capsules',
      'paused 10 capsules, to be resumed after the next start',
    ]);
  });

  it('leaves running what cannot be paused, and names it', async () => {
    const host = hostWith(2);
    const stubborn = host.add({}).id;
    const destroyed = host.add({}).id;
    const notes: string[] = [];
    const pause = async (id: CapsuleId) => {
      if (id === stubborn) throw new Error('the disk is full');
      if (id === destroyed) {
        host.capsules.delete(id);
        throw new Error('it is gone');
      }
      host.settlePaused(id);
    };
    const outcome = await pauseAllWith(host, pause, (text) => notes.push(text), never);
    expect(outcome).toEqual({ paused: 2, failed: [stubborn] });
    expect(host.capsules.get(stubborn)?.kind).toBe('running');
    expect(notes.at(-1)).toContain(`1 could not be paused and still runs: ${stubborn}`);
  });

  it('has nothing to say where nothing runs', async () => {
    const notes: string[] = [];
    const host = new StandInCapsules();
    expect(
      await pauseAllWith(
        host,
        async () => undefined,
        (text) => notes.push(text),
        never,
      ),
    ).toEqual({
      paused: 0,
      failed: [],
    });
    expect(notes).toEqual([]);
    expect(host.admission.state).toBe('draining');
  });

  it('says every few seconds how far it is', async () => {
    const host = hostWith(5);
    const notes: string[] = [];
    const pause = async (id: CapsuleId, signal: AbortSignal) => {
      await timeout(7_000, signal);
      host.settlePaused(id);
    };
    const all = pauseAllWith(host, pause, (text) => notes.push(text), never);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(await all).toEqual({ paused: 5, failed: [] });
    expect(notes.slice(1, -1)).toEqual(['0 of 5 paused', '4 of 5 paused']);
  });

  it('gives up what takes too long, more so the more there is, and falls silent after that', async () => {
    expect(pauseAllLimitMs(running(hostWith(100)))).toBeGreaterThan(pauseAllLimitMs(running(hostWith(1))));
    const host = hostWith(6);
    const limitMs = pauseAllLimitMs(running(host));
    const notes: string[] = [];
    const pause = (_id: CapsuleId, signal: AbortSignal) => timeout(10 * limitMs, signal);
    const all = pauseAllWith(host, pause, (text) => notes.push(text), never);
    await vi.advanceTimersByTimeAsync(limitMs);
    const { paused, failed } = await all;
    expect([paused, failed.length]).toEqual([0, 6]);
    const said = notes.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(notes).toHaveLength(said);
  });
});

function hostWith(count: number): StandInCapsules {
  const host = new StandInCapsules();
  for (let index = 0; index < count; index++) host.add({});
  return host;
}

function running(host: StandInCapsules) {
  return [...host.capsules.values()].filter((capsule) => capsule.kind === 'running');
}

function timeout(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return abortable(promise, signal);
}
