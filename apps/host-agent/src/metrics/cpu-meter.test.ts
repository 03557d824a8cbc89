import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { CpuMeter } from './cpu-meter.ts';

const ticks = (busy: number, total: number, percent = 77) => ({ percent, ticks: { busy, total } });

describe('how busy the processors of a guest were', () => {
  it('is that of the time since the last reading, and never that before the first', () => {
    const meter = new CpuMeter();
    expect(meter.percentSince(ticks(9_000, 10_000))).toBeUndefined();
    expect(meter.percentSince(ticks(9_050, 10_500))).toBe(10);
    expect(meter.percentSince(ticks(9_550, 11_000))).toBe(100);
  });

  it('is not said of a moment, and counted on from before it', () => {
    const meter = new CpuMeter();
    meter.percentSince(ticks(0, 1_000));
    expect(meter.percentSince(ticks(1, 1_001))).toBeUndefined();
    expect(meter.percentSince(ticks(50, 1_100))).toBe(50);
  });

  it('is what a daemon says that counts no ticks, from the second time on', () => {
    const meter = new CpuMeter();
    const older = (percent: number) => ({ percent, ticks: undefined });
    expect(meter.percentSince(older(90))).toBeUndefined();
    expect(meter.percentSince(older(12))).toBe(12);
    expect(meter.percentSince(older(1e9))).toBe(100);
  });

  it('begins anew where counters go back', () => {
    const meter = new CpuMeter();
    meter.percentSince(ticks(500, 1_000));
    expect(meter.percentSince(ticks(0, 100))).toBeUndefined();
    expect(meter.percentSince(ticks(25, 200))).toBe(25);
  });

  const amount = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
  const reading = fc.record({
    percent: amount,
    ticks: fc.option(fc.record({ busy: amount, total: amount }), { nil: undefined }),
  });
  test.prop([fc.array(reading, { maxLength: 30 })])('is 0 to 100, whatever a guest says', (readings) => {
    const meter = new CpuMeter();
    for (const each of readings) {
      const percent = meter.percentSince(each);
      if (percent !== undefined) expect(percent >= 0 && percent <= 100).toBe(true);
    }
  });
});
