import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { parseInotifyEvents } from './inotify.ts';

/** As the kernel writes them: names are padded with NULs, with at least one. */
function written(event: { watch: number; bits: number; cookie: number; name: string }): Buffer {
  const name = Buffer.from(event.name);
  const padded = Buffer.alloc(name.length === 0 ? 0 : Math.ceil((name.length + 1) / 16) * 16);
  name.copy(padded);
  const header = Buffer.alloc(16);
  header.writeInt32LE(event.watch, 0);
  header.writeUInt32LE(event.bits, 4);
  header.writeUInt32LE(event.cookie, 8);
  header.writeUInt32LE(padded.length, 12);
  return Buffer.concat([header, padded]);
}

const event = fc.record({
  watch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  bits: fc.nat({ max: 2 ** 32 - 1 }),
  cookie: fc.nat({ max: 2 ** 32 - 1 }),
  name: fc
    .string({ unit: 'grapheme', maxLength: 255 })
    .map((text) => text.replaceAll('\0', '').toWellFormed()),
});

test.prop([fc.array(event)])('every event that the kernel writes is read back', (events) => {
  expect([...parseInotifyEvents(Buffer.concat(events.map(written)))]).toEqual(events);
});

test.prop([fc.array(event, { minLength: 1 }), fc.nat()])(
  'an event that is cut is left out',
  (events, cut) => {
    const bytes = Buffer.concat(events.map(written));
    const last = written(events.at(-1) ?? expect.fail()).length;
    const read = [...parseInotifyEvents(bytes.subarray(0, bytes.length - 1 - (cut % last)))];
    expect(read).toEqual(events.slice(0, -1));
  },
);

test.prop([fc.uint8Array({ maxLength: 4096 })])('no bytes make it throw or go on for ever', (bytes) => {
  expect([...parseInotifyEvents(Buffer.from(bytes))].length).toBeLessThanOrEqual(bytes.length / 16);
});
