import { describe, expect, it } from 'vitest';
import { parseCpu } from './host-cpu.ts';

function cpuinfo({
  flags = 'fpu sse avx2',
  model = '143',
  microcode = '0x2b',
  vendor = 'GenuineIntel',
} = {}) {
  const lines = [
    'processor\t: 0',
    `vendor_id\t: ${vendor}`,
    'cpu family\t: 6',
    `model\t\t: ${model}`,
    'model name\t: Some Processor @ 2.60GHz',
    'stepping\t: 8',
    `microcode\t: ${microcode}`,
    'cpu MHz\t\t: 2596.122',
    `flags\t\t: ${flags}`,
    'vmx flags\t: vnmi',
  ];
  return `${lines.join('\n')}\n\n${lines.join('\n')}\n`;
}

describe('parseCpu', () => {
  it('names vendor, family, model and stepping', () => {
    expect(parseCpu(cpuinfo())).toMatch(/^GenuineIntel 6 143 8 [0-9a-f]{16}$/);
  });

  it('does not depend on the microcode, nor on the order of the features', () => {
    expect(parseCpu(cpuinfo({ microcode: '0x99', flags: 'avx2 fpu sse' }))).toBe(parseCpu(cpuinfo()));
  });

  it.each([
    { flags: 'fpu sse' },
    { flags: 'fpu sse avx2 amx' },
    { model: '106' },
    { vendor: 'AuthenticAMD' },
  ])('tells %o from another', (change) => {
    expect(parseCpu(cpuinfo(change))).not.toBe(parseCpu(cpuinfo()));
  });
});
