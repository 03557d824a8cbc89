import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import { HandoverFault } from './handover-fault.ts';
import { longestRegionList, parseRegions, type Region } from './regions.ts';

const mebibyte = 1 << 20;
const memoryBytes = 64 * mebibyte;
const address = 0x7f12_3400_0000;

const region = { base_host_virt_addr: address, size: 16 * mebibyte, offset: 0, page_size: pageBytes };
const parse = (value: unknown) => parseRegions(Buffer.from(JSON.stringify(value)), memoryBytes);

describe('a list of regions', () => {
  it('is read as Firecracker sends it, with fields that are not needed', () => {
    const second = { ...region, base_host_virt_addr: address + 2 ** 32, offset: 16 * mebibyte };
    expect(parse([{ ...region, page_size_kib: 4096, more: ['x', {}] }, second])).toEqual([
      { address: BigInt(address), length: 16 * mebibyte, offset: 0 },
      { address: BigInt(address) + 2n ** 32n, length: 16 * mebibyte, offset: 16 * mebibyte },
    ]);
  });

  it('may have regions that touch', () => {
    const next = { ...region, base_host_virt_addr: address + region.size, offset: region.size };
    expect(parse([next, region])).toHaveLength(2);
  });

  it('has its numbers read exactly, whatever their size', () => {
    // As a number of JavaScript, it would be that of a whole page.
    const text = JSON.stringify([region]).replace(String(address), '9007199254740993');
    expect(() => parseRegions(Buffer.from(text), memoryBytes)).toThrow('whole pages');
  });

  it.each([
    ['nothing', undefined, 'not JSON'],
    ['no list', region, 'not a list'],
    ['null', null, 'not a list'],
    ['an empty list', [], 'there are 0 regions'],
    ['too many', Array(65).fill(region), 'there are 65 regions'],
    ['no region', ['region'], 'not a whole number'],
    ['a list as a region', [[]], 'not a whole number'],
    ['a field that is missing', [{ ...region, size: undefined }], 'the size of a region'],
    ['a number as text', [{ ...region, offset: '0' }], 'the offset of a region'],
    ['a fraction', [{ ...region, offset: 0.5 }], 'not a whole number'],
    ['a negative number', [{ ...region, offset: -pageBytes }], 'not a whole number'],
    ['a power of ten', [{ ...region, base_host_virt_addr: 1e30 }], 'not a whole number'],
    ['an address within a page', [{ ...region, base_host_virt_addr: address + 1 }], 'whole pages'],
    ['an offset within a page', [{ ...region, offset: 512 }], 'whole pages'],
    ['a length within a page', [{ ...region, size: pageBytes + 1 }], 'whole pages'],
    ['no length', [{ ...region, size: 0 }], 'not where memory can be'],
    ['address 0', [{ ...region, base_host_virt_addr: 0 }], 'not where memory can be'],
    [
      'the kernel’s half',
      [{ ...region, base_host_virt_addr: 2 ** 47 - pageBytes }],
      'not where memory can be',
    ],
    ['more than the memory', [{ ...region, size: memoryBytes + pageBytes }], 'beyond the memory'],
    ['what is behind the memory', [{ ...region, offset: memoryBytes - mebibyte }], 'beyond the memory'],
    ['huge pages', [{ ...region, page_size: 2 * mebibyte }], 'pages of 2097152 bytes are not served'],
    ['the same twice', [region, region], 'overlap in the guest'],
    ['one address twice', [region, { ...region, offset: region.size }], 'overlap in the address space'],
  ])('is refused: %s', (_, value, why) => {
    const attempt = () => parseRegions(Buffer.from(JSON.stringify(value) ?? ''), memoryBytes);
    expect(attempt).toThrow(HandoverFault);
    expect(attempt).toThrow(why);
  });

  it('is refused when it is nested deeper than a stack', () => {
    expect(() => parseRegions(Buffer.alloc(longestRegionList, '['), memoryBytes)).toThrow(HandoverFault);
  });
});

const someNumber = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((pages) => pages * pageBytes),
  fc.integer({ min: 0, max: 40 }).map((pages) => address + pages * pageBytes),
  fc.maxSafeNat(),
  fc.double(),
);
const likely = fc.array(
  fc.record(
    {
      base_host_virt_addr: fc.oneof({ weight: 5, arbitrary: pagesFrom(address) }, someNumber),
      size: fc.oneof({ weight: 5, arbitrary: pagesFrom(pageBytes) }, someNumber),
      offset: fc.oneof({ weight: 5, arbitrary: pagesFrom(0) }, someNumber),
      page_size: fc.oneof({ weight: 9, arbitrary: fc.constant(pageBytes) }, someNumber),
    },
    { requiredKeys: ['base_host_virt_addr', 'size', 'offset', 'page_size'] },
  ),
  { minLength: 1, maxLength: 5 },
);

function pagesFrom(first: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 400 }).map((pages) => first + pages * pageBytes);
}

/** Undefined where it is refused; whatever else is thrown fails the test. */
function parsed(bytes: Buffer): Region[] | undefined {
  try {
    return parseRegions(bytes, memoryBytes);
  } catch (thrown) {
    if (thrown instanceof HandoverFault) return undefined;
    throw thrown;
  }
}

function areApart(spans: readonly { readonly from: bigint; readonly to: bigint }[]): boolean {
  return spans.every((one, index) =>
    spans.slice(index + 1).every((other) => one.to <= other.from || other.to <= one.from),
  );
}

describe('whatever is sent', () => {
  test.prop([fc.oneof(fc.uint8Array({ maxLength: 500 }), fc.string(), fc.json())])(
    'is a list of regions or refused',
    (sent) => {
      parsed(Buffer.from(sent));
    },
  );

  test.prop([likely], { numRuns: 1_000 })(
    'never yields regions that overlap or are beyond the memory',
    (sent) => {
      const regions = parsed(Buffer.from(JSON.stringify(sent))) ?? [];
      const end = (start: bigint, { length }: Region) => start + BigInt(length);
      expect(areApart(regions.map((each) => ({ from: each.address, to: end(each.address, each) })))).toBe(
        true,
      );
      const inGuest = regions.map((each) => ({
        from: BigInt(each.offset),
        to: end(BigInt(each.offset), each),
      }));
      expect(areApart(inGuest)).toBe(true);
      for (const { to } of inGuest) expect(to <= BigInt(memoryBytes)).toBe(true);
      for (const { address: start, length, offset } of regions)
        expect([Number(start % 4096n), length % pageBytes, offset % pageBytes]).toEqual([0, 0, 0]);
    },
  );
});
