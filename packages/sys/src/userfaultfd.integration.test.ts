import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MemoryMapping, mapAnonymous } from './memory-mapping.ts';
import { pollDescriptors } from './poll.ts';
import {
  copyPages,
  openUserfaultfd,
  readUserfaults,
  registerMissing,
  unregisterRange,
  wakeRange,
  zeroPages,
} from './userfaultfd.ts';

const page = 4096;
const events = Buffer.alloc(1024);
let fd: number;
let guest: MemoryMapping;
let source: MemoryMapping;

beforeEach(() => {
  fd = openUserfaultfd(['event_remove']);
  guest = mapAnonymous(16 * page);
  source = mapAnonymous(16 * page);
  for (let index = 0; index < 16; index++) source.bytes.fill(index + 1, index * page, (index + 1) * page);
  registerMissing(fd, guest.address, BigInt(guest.length));
});
afterEach(() => {
  unregisterRange(fd, guest.address, BigInt(guest.length));
  closeSync(fd);
  guest[Symbol.dispose]();
  source[Symbol.dispose]();
});

const at = (mapping: MemoryMapping, index: number) => mapping.address + BigInt(index * page);

/** What a thread of this process posts, which runs `code` with `koffi` and the address of a page. */
function inThread<T>(code: string, index: number): { readonly value: Promise<T> } {
  const worker = new Worker(
    `const { parentPort, workerData: address } = require('node:worker_threads');
     const koffi = require('koffi');
     parentPort.postMessage(${code});`,
    { eval: true, workerData: at(guest, index) },
  );
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  worker.once('message', resolve).once('error', reject);
  return { value: promise };
}

/** A thread that reads one byte of the guest's memory, and waits where it is missing. */
function touch(index: number): { readonly value: Promise<number> } {
  return inThread('Buffer.from(koffi.view(address, 1))[0]', index);
}

/** One that gives back a page, by MADV_DONTNEED. */
function giveBack(index: number): { readonly value: Promise<number> } {
  const madvise = "koffi.load(null).func('int madvise(uintptr_t address, size_t length, int advice)')";
  return inThread(`${madvise}(address, ${page}, 4)`, index);
}

function nextEvents() {
  expect(pollDescriptors([fd], 20_000)).toEqual([{ isReadable: true, isOver: false }]);
  return readUserfaults(fd, events);
}

describe('a userfaultfd', () => {
  it('tells which page a thread waits for, and lets it go on with what is placed there', async () => {
    const { value } = touch(3);
    expect(nextEvents()).toEqual([{ kind: 'missing', address: at(guest, 3) }]);
    expect(copyPages(fd, at(guest, 2), at(source, 2), 4 * page)).toEqual({ kind: 'done', bytes: 4 * page });
    expect(await value).toBe(4);
    expect(guest.bytes[5 * page]).toBe(6);
  });

  it('places zeros', async () => {
    const { value } = touch(0);
    nextEvents();
    expect(zeroPages(fd, at(guest, 0), page)).toEqual({ kind: 'done', bytes: page });
    expect(await value).toBe(0);
  });

  it('never replaces a page, and says how far it came before one', () => {
    zeroPages(fd, at(guest, 5), page);
    expect(copyPages(fd, at(guest, 5), at(source, 5), page)).toEqual({ kind: 'present', bytes: 0 });
    expect(copyPages(fd, at(guest, 3), at(source, 3), 4 * page)).toEqual({ kind: 'done', bytes: 2 * page });
    expect(guest.bytes[5 * page]).toBe(0);
  });

  it('tells what was given back, and places nothing until that is read', async () => {
    copyPages(fd, at(guest, 0), at(source, 0), 4 * page);
    const { value } = giveBack(2);
    pollDescriptors([fd], 20_000);
    expect(copyPages(fd, at(guest, 8), at(source, 8), page)).toEqual({ kind: 'changing', bytes: 0 });
    expect(zeroPages(fd, at(guest, 8), page)).toEqual({ kind: 'changing', bytes: 0 });
    expect(nextEvents()).toEqual([{ kind: 'removed', start: at(guest, 2), end: at(guest, 3) }]);
    expect(await value).toBe(0);
    expect(zeroPages(fd, at(guest, 2), page)).toEqual({ kind: 'done', bytes: page });
    expect([guest.bytes[2 * page], guest.bytes[3 * page]]).toEqual([0, 4]);
  });

  it('lets a thread look again, which asks again for what is missing still', async () => {
    const { value } = touch(6);
    const asked = nextEvents();
    wakeRange(fd, at(guest, 0), BigInt(guest.length));
    expect(nextEvents()).toEqual(asked);
    copyPages(fd, at(guest, 6), at(source, 6), page);
    expect(await value).toBe(7);
  });

  it('lets go of who waits when memory is not its any more', async () => {
    const { value } = touch(1);
    nextEvents();
    unregisterRange(fd, guest.address, BigInt(guest.length));
    expect(await value).toBe(0);
    registerMissing(fd, guest.address, BigInt(guest.length));
  });

  it('says when the source cannot be read', () => {
    expect(copyPages(fd, at(guest, 0), 0x1000n, page)).toEqual({ kind: 'fault', bytes: 0 });
  });

  it('says when memory is not registered', () => {
    expect(copyPages(fd, at(source, 0), at(source, 1), page)).toEqual({ kind: 'gone', bytes: 0 });
  });

  it('has nothing to tell when nothing happened', () => {
    expect(readUserfaults(fd, events)).toEqual([]);
    expect(pollDescriptors([fd], 0)).toEqual([{ isReadable: false, isOver: false }]);
  });
});
