import { expect, test } from 'vitest';
import { everyDay, lastDays, wantedOf } from './days.ts';

const today = '2026-03-02';
const wanted = (query: string) => wantedOf(new URLSearchParams(query), today);

test('thirty days up to today are shown where nothing is asked for', () => {
  expect(wanted('')).toEqual({ kind: 'preset', preset: '30d', days: { from: '2026-02-01', to: today } });
  expect(wanted('range=1y')).toMatchObject({ preset: '30d' });
});

test('a preset counts today', () => {
  expect(lastDays(7, today)).toEqual({ from: '2026-02-24', to: today });
});

test('92 days are shown, and 93 are refused plainly', () => {
  expect(wanted('from=2025-12-01&to=2026-03-02')).toMatchObject({ kind: 'custom' });
  expect(wanted('from=2025-11-30&to=2026-03-02')).toMatchObject({
    kind: 'refused',
    why: 'These are 93 days; 92 at a time are the most.',
  });
});

test.each(['from=2026-03-02&to=2026-03-01', 'from=&to=2026-03-01', 'from=yesterday', 'from=2026-13-01'])(
  '%s is refused, and stays as it was typed',
  (query) => {
    expect(wanted(query)).toMatchObject({ kind: 'refused' });
  },
);

test('days without use are zero, and today still runs', () => {
  const points = [{ date: '2026-03-02', cpu_minutes: 4, ram_mb_minutes: 2048 }];
  expect(everyDay({ from: '2026-02-28', to: today, points }, today)).toEqual([
    { date: '2026-02-28', cpuMinutes: 0, memoryGbMinutes: 0, isRunning: false },
    { date: '2026-03-01', cpuMinutes: 0, memoryGbMinutes: 0, isRunning: false },
    { date: '2026-03-02', cpuMinutes: 4, memoryGbMinutes: 2, isRunning: true },
  ]);
});
