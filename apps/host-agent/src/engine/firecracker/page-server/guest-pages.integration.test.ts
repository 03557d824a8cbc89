import { closeSync, openSync, readSync } from 'node:fs';
import { type MemoryMapping, mapAnonymous, openUserfaultfd, registerMissing } from '@wrenn/sys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import { GuestPages } from './guest-pages.ts';
import { PageSource } from './page-source.ts';
import { type LayeredSnapshot, writeLayeredSnapshot } from './testing/layered-snapshot.ts';
import { PageServerFixture } from './testing/page-server-fixture.ts';

const count = 16;
const memoryBytes = count * pageBytes;
let held: AsyncDisposableStack;
let snapshot: LayeredSnapshot;
let memory: MemoryMapping;
let pages: GuestPages;

beforeEach(async () => {
  held = new AsyncDisposableStack();
  const fixture = held.use(await PageServerFixture.open());
  snapshot = await writeLayeredSnapshot(fixture.folder, count, [{ firstPage: 8, pages: 4, layer: 1 }]);
  memory = held.use(mapAnonymous(memoryBytes));
  // Tells nobody what is given back, so that a test does that at the moment that it wants.
  const userfaultfd = held.adopt(openUserfaultfd([]), closeSync);
  registerMissing(userfaultfd, memory.address, BigInt(memoryBytes));
  const source = held.use(PageSource.open(snapshot, memoryBytes));
  const region = { address: memory.address, offset: 0, length: memoryBytes };
  pages = new GuestPages(userfaultfd, [region], source, memoryBytes);
});
afterEach(() => held.disposeAsync());

const all = { offset: 0, length: memoryBytes };
const addressOf = (page: number) => memory.address + BigInt(page * pageBytes);

/** The kernel's word for it: who touched a page that is missing would wait for ever here. */
function isThere(page: number): boolean {
  const pagemap = openSync('/proc/self/pagemap', 'r');
  try {
    const entry = Buffer.alloc(8);
    readSync(pagemap, entry, 0, 8, (Number(addressOf(page)) / pageBytes) * 8);
    return entry.readBigUInt64LE() >> 63n === 1n;
  } finally {
    closeSync(pagemap);
  }
}

describe('the pages of a guest', () => {
  it('are as in the snapshot once they are placed, and never replaced', () => {
    pages.place({ offset: 0, length: 8 * pageBytes });
    memory.bytes.write('the guest', pageBytes);
    expect(pages.place(all)).toBe('placed');
    snapshot.expected.write('the guest', pageBytes);
    expect(memory.bytes.equals(snapshot.expected)).toBe(true);
  });

  it('are zeros where they were given back, before and after they were placed', () => {
    pages.remove(addressOf(2), addressOf(4));
    pages.place(all);
    pages.remove(addressOf(9), addressOf(10));
    memory.forget(9 * pageBytes, pageBytes);
    pages.place(all);
    for (const page of [2, 3, 9]) snapshot.expected.fill(0, page * pageBytes, (page + 1) * pageBytes);
    expect(memory.bytes.equals(snapshot.expected)).toBe(true);
  });

  it('are placed again where one seemed to be there still, since the kernel tells of what is given back before it is gone', () => {
    pages.place(all);
    pages.remove(addressOf(3), addressOf(4));
    // For a neighbour, and the page is still there.
    pages.place(all);
    memory.forget(3 * pageBytes, pageBytes);
    expect(pages.missing(addressOf(3))).toBe(3 * pageBytes);
    expect(pages.place(all)).toBe('placed');
    expect(isThere(3)).toBe(true);
    expect(memory.bytes[3 * pageBytes]).toBe(0);
  });

  it('are nowhere outside of the regions', () => {
    expect(pages.missing(memory.address - 1n)).toBeUndefined();
    expect(pages.missing(addressOf(count))).toBeUndefined();
  });
});
