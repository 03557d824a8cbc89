import { fc, test } from '@fast-check/vitest';
import { expect, vi } from 'vitest';
import { chunkBytes, OutputQueue, type OutputStream } from './output-queue.ts';

const piece = fc.record({
  stream: fc.constantFrom<OutputStream>('stdout', 'stderr'),
  size: fc.integer({ min: 1, max: 3 * chunkBytes }),
});

function takeAll(queue: OutputQueue): { stream: OutputStream; bytes: Uint8Array }[] {
  const chunks = [];
  for (let chunk = queue.take(); chunk !== undefined; chunk = queue.take()) chunks.push(chunk);
  return chunks;
}

test.prop([fc.array(piece)])(
  'gives back every byte, in order, in chunks that are not too large',
  (pieces) => {
    const queue = new OutputQueue();
    const pushed = { stdout: '', stderr: '' };
    pieces.forEach(({ stream, size }, index) => {
      const bytes = Buffer.alloc(size, 65 + (index % 26));
      pushed[stream] += bytes.toString();
      queue.push(stream, bytes);
    });
    const taken = { stdout: '', stderr: '' };
    for (const { stream, bytes } of takeAll(queue)) {
      expect(bytes.length).toBeLessThanOrEqual(chunkBytes);
      taken[stream] += Buffer.from(bytes).toString();
    }
    expect(taken).toStrictEqual(pushed);
    expect(queue.waitingBytes).toBe(0);
  },
);

test.prop([fc.integer({ min: 1, max: 65536 })])('what waits is bounded for pieces of any size', (size) => {
  const queue = new OutputQueue();
  let isFlowing = true;
  queue.addSource({
    pause: () => {
      isFlowing = false;
    },
    resume: () => undefined,
  });
  while (isFlowing) queue.push('stdout', Buffer.alloc(size));
  expect(queue.waitingBytes).toBeLessThan(512 * 1024);
});

test('holds its sources up while it is full, and lets them go on when the reader has caught up', () => {
  const queue = new OutputQueue();
  const source = { pause: vi.fn(), resume: vi.fn() };
  queue.addSource(source);
  queue.push('stdout', Buffer.alloc(300 * 1024));
  expect(source.pause).toHaveBeenCalledOnce();
  takeAll(queue);
  expect(source.resume).toHaveBeenCalledOnce();
});

test('without a reader the sources flow and nothing is kept', () => {
  const queue = new OutputQueue();
  const source = { pause: vi.fn(), resume: vi.fn() };
  queue.addSource(source);
  queue.push('stdout', Buffer.alloc(300 * 1024));
  queue.discard();
  expect(source.resume).toHaveBeenCalledOnce();
  queue.push('stdout', Buffer.alloc(300 * 1024));
  expect(queue.waitingBytes).toBe(0);
  expect(queue.isDrained).toBe(true);
});

test('an end lets what waits be taken first, and wakes a reader that waits', async () => {
  const queue = new OutputQueue();
  queue.push('stderr', Buffer.from('last words'));
  queue.end();
  queue.push('stderr', Buffer.from('too late'));
  expect(queue.isDrained).toBe(false);
  expect(takeAll(queue)).toHaveLength(1);
  expect(queue.isDrained).toBe(true);
  await queue.readable();

  const other = new OutputQueue();
  const readable = other.readable();
  other.end();
  await readable;
});
