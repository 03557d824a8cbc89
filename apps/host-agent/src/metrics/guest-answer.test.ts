import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { readGuestAnswer } from './guest-answer.ts';

const mebibyte = 1024 * 1024;
const machine = { memoryMiB: 512 };
const honest = {
  ...{ ts: 1, cpu_count: 1, cpu_used_pct: 12.5, cpu_busy_ticks: 10, cpu_total_ticks: 80 },
  ...{ mem_used: 100 * mebibyte, mem_total: 490 * mebibyte, disk_used: 1_000, disk_total: 5_000 },
};
const read = (answer: object) => readGuestAnswer(JSON.stringify(answer), machine);

describe('what a guest says that it uses', () => {
  it('is taken as it is said', () => {
    expect(read(honest)).toEqual({
      cpu: { percent: 12.5, ticks: { busy: 10, total: 80 } },
      ...{ memBytes: 100 * mebibyte, memTotalBytes: 490 * mebibyte, diskBytes: 1_000, diskTotalBytes: 5_000 },
    });
  });

  it('may lack the ticks, as that of an older daemon does', () => {
    const { cpu_busy_ticks: _busy, cpu_total_ticks: _total, ...older } = honest;
    expect(read(older)?.cpu).toEqual({ percent: 12.5, ticks: undefined });
  });

  it('is no more memory than the machine has, and neither more memory nor disk than there is in all', () => {
    const boasting = { ...honest, mem_total: 1e15, mem_used: 1e300, disk_used: 9_000, disk_total: 5_000 };
    expect(read(boasting)).toMatchObject({
      ...{ memBytes: 512 * mebibyte, memTotalBytes: 512 * mebibyte, diskBytes: 5_000, diskTotalBytes: 5_000 },
    });
  });

  it.each([
    ['text that is no JSON', 'x'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number that is none', JSON.stringify({ ...honest, mem_used: '1' })],
    ['a number that is negative', JSON.stringify({ ...honest, disk_used: -1 })],
    ['a number that is too large for one', JSON.stringify(honest).replace('12.5', '1e999')],
    ['a part of it', JSON.stringify({ cpu_used_pct: 1 })],
  ])('is nothing where it is %s', (_what, text) => {
    expect(readGuestAnswer(text, machine)).toBeUndefined();
  });

  const anything = fc.record(
    Object.fromEntries(
      Object.keys(honest).map((name) => [name, fc.oneof(fc.double(), fc.maxSafeInteger(), fc.jsonValue())]),
    ),
    { requiredKeys: [] },
  );
  test.prop([fc.oneof(anything, fc.jsonValue())])(
    'is whole, exact and within bounds, or nothing',
    (answer) => {
      const reading = readGuestAnswer(JSON.stringify(answer), machine);
      if (reading === undefined) return;
      const { memBytes, memTotalBytes, diskBytes, diskTotalBytes } = reading;
      for (const bytes of [memBytes, memTotalBytes, diskBytes, diskTotalBytes])
        expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
      expect(memBytes).toBeLessThanOrEqual(memTotalBytes);
      expect(memTotalBytes).toBeLessThanOrEqual(512 * mebibyte);
      expect(diskBytes).toBeLessThanOrEqual(diskTotalBytes);
    },
  );
});
