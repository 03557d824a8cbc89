import { pageBytes } from '../../engine.ts';
import { HandoverFault } from './handover-fault.ts';

/** Longer than any list of regions; a machine has two or three. */
export const longestRegionList = 64 << 10;
const mostRegions = 64;
/** User space ends here on x86-64, also with five levels of page tables when nobody asks for more. */
const lastAddress = 1n << 47n;

/** A part of the VMM's address space that is guest memory. */
export interface Region {
  readonly address: bigint;
  readonly length: number;
  /** In the guest's memory, as snapshots have it. */
  readonly offset: number;
}

/**
 * The list that Firecracker sends with its userfaultfd: JSON, see its docs on handling page faults. What it sends is
 * checked in every respect, since a guest may have taken it over. Throws HandoverFault.
 */
export function parseRegions(bytes: Buffer, memoryBytes: number): Region[] {
  const list = parseNumbersAsText(bytes);
  if (!Array.isArray(list)) throw new HandoverFault('the regions are not a list');
  if (list.length === 0 || list.length > mostRegions)
    throw new HandoverFault(`there are ${list.length} regions`);
  const regions = Array.from(list, (each: unknown) => regionOf(each, BigInt(memoryBytes)));
  requireApart(regions, 'in the guest', ({ offset }) => BigInt(offset));
  requireApart(regions, 'in the address space', ({ address }) => address);
  return regions;
}

function regionOf(value: unknown, memoryBytes: bigint): Region {
  const fields = new Map<string, unknown>(
    typeof value === 'object' && value !== null ? Object.entries(value) : [],
  );
  const number = (name: string) => wholeNumber(name, fields.get(name));
  const [address, length, offset] = [number('base_host_virt_addr'), number('size'), number('offset')];
  const page = number('page_size');
  if (page !== BigInt(pageBytes))
    throw new HandoverFault(`pages of ${page} bytes are not served, only of ${pageBytes}`);
  for (const each of [address, length, offset])
    if (each % BigInt(pageBytes) !== 0n) throw new HandoverFault('a region is not of whole pages');
  if (length === 0n || address === 0n || address + length > lastAddress)
    throw new HandoverFault('a region is not where memory can be');
  if (offset + length > memoryBytes) throw new HandoverFault('a region is beyond the memory');
  return { address, length: Number(length), offset: Number(offset) };
}

function requireApart(regions: readonly Region[], where: string, start: (region: Region) => bigint): void {
  const sorted = regions.toSorted((one, other) => (start(one) < start(other) ? -1 : 1));
  for (const [index, region] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined && start(region) + BigInt(region.length) > start(next))
      throw new HandoverFault(`regions overlap ${where}`);
  }
}

/** `text` is the number as it was written. */
function wholeNumber(name: string, text: unknown): bigint {
  if (typeof text !== 'string' || !/^\d{1,20}$/.test(text))
    throw new HandoverFault(`the ${name} of a region is not a whole number`);
  return BigInt(text);
}

/** Numbers as they were written: addresses may be beyond what JavaScript's hold exactly. No field is a text. */
function parseNumbersAsText(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'), (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? context?.source : typeof value === 'string' ? undefined : value,
    );
  } catch (cause) {
    throw new HandoverFault('the list of regions is not JSON', { cause });
  }
}
