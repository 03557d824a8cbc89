import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { linesOf } from './lines.ts';
import { execBody, fromBase64, fromWire, toBase64, toWire } from './wire.ts';

test.prop([fc.uint8Array({ maxLength: 100_000 })])('bytes survive base64', (bytes) => {
  expect(fromBase64(toBase64(bytes))).toEqual(bytes);
});

test.prop([
  fc.array(fc.string({ unit: 'grapheme' }).filter((line) => line !== '' && !line.includes('\n'))),
  fc.integer({ min: 1, max: 7 }),
])('lines come out as they were, wherever the stream was cut', async (lines, size) => {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.subarray(at, at + size));
      controller.close();
    },
  });
  const found: string[] = [];
  for await (const line of linesOf(stream)) found.push(line);
  // A byte order mark at the very start belongs to the encoding, not to the text.
  expect(found).toEqual(lines.map((line, index) => (index === 0 ? line.replace(/^\uFEFF/, '') : line)));
});

test('a reader that stops early ends the stream', async () => {
  const cancelled = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('line\n')),
    cancel: () => cancelled.resolve(),
  });
  for await (const line of linesOf(stream)) {
    expect(line).toBe('line');
    break;
  }
  await cancelled.promise;
});

test('names are translated both ways; keys that are yours are not', () => {
  expect(toWire({ memoryMb: 1, timeoutSec: undefined, metadata: { myKey: '' } })).toEqual({
    memory_mb: 1,
    metadata: { myKey: '' },
  });
  expect(
    fromWire({ created_at: '2026-01-01T00:00:00Z', metadata: { my_key: '' }, steps: [{ duration_ms: 1 }] }),
  ).toEqual({
    createdAt: new Date('2026-01-01T00:00:00Z'),
    metadata: { my_key: '' },
    steps: [{ durationMs: 1 }],
  });
});

test('input is text, or bytes as base64', () => {
  expect(execBody({ cmd: 'cat', stdin: 'a' })).toEqual({ cmd: 'cat', stdin: 'a' });
  expect(execBody({ cmd: 'cat', stdin: Uint8Array.of(0) })).toEqual({
    cmd: 'cat',
    stdin: 'AA==',
    stdin_encoding: 'base64',
  });
});
