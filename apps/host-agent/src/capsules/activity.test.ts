import { describe, expect, it } from 'vitest';
import { Activity } from './activity.ts';

function activityAt(startMs: number) {
  const clock = { now: startMs };
  return { clock, activity: new Activity(() => clock.now) };
}

describe('the activity of a capsule', () => {
  it('begins with the capsule, and goes on from each touch', () => {
    const { clock, activity } = activityAt(1_000);
    clock.now += 300;
    expect(activity.idleMs()).toBe(300);
    activity.touch();
    expect(activity.idleMs()).toBe(0);
    clock.now += 50;
    expect(activity.idleMs()).toBe(50);
  });

  it('lasts for as long as the last of several uses, and counts from its end', () => {
    const { clock, activity } = activityAt(0);
    const first = activity.begin();
    const second = activity.begin();
    clock.now += 1_000_000;
    first[Symbol.dispose]();
    expect(activity.idleMs()).toBe(0);
    clock.now += 10;
    expect(activity.idleMs()).toBe(0);
    second[Symbol.dispose]();
    clock.now += 7;
    expect(activity.idleMs()).toBe(7);
  });

  it('is not ended twice by a use that is disposed of twice', () => {
    const { clock, activity } = activityAt(0);
    const first = activity.begin();
    using _second = activity.begin();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    clock.now += 1_000;
    expect(activity.idleMs()).toBe(0);
  });

  it('is told as a time of day', () => {
    const { clock, activity } = activityAt(0);
    clock.now += 60_000;
    expect(Math.abs(Date.now() - 60_000 - activity.lastActiveAtMs)).toBeLessThan(5_000);
  });
});
