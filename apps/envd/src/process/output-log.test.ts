import { fc, test } from '@fast-check/vitest';
import { describe, expect, vi } from 'vitest';
import { OutputBudget } from './output-budget.ts';
import {
  type Frame,
  frameBytes,
  frameOverheadBytes,
  type Gap,
  OutputLog,
  type OutputReader,
  type OutputStream,
  type Resized,
  windowBytes,
} from './output-log.ts';

const makeLog = (budget = new OutputBudget()) => new OutputLog(budget);
const piece = fc.record({
  stream: fc.constantFrom<OutputStream>('stdout', 'stderr', 'pty'),
  size: fc.integer({ min: 1, max: 3 * frameBytes.stdout }),
});
const highWaterBytes = 256 * 1024;

function takeAll(reader: OutputReader): (Frame | Gap)[] {
  return takeAllOf(reader).filter((one) => one.kind !== 'size');
}

function takeAllOf(reader: OutputReader): (Frame | Gap | Resized)[] {
  const taken = [];
  for (let next = reader.take(); next !== undefined; next = reader.take()) taken.push(next);
  return taken;
}

const kinds = (taken: readonly (Frame | Gap)[]) => taken.map(({ kind }) => kind);

/** A log with a source that can be asked whether it flows. */
function heldLog(log = makeLog()) {
  const source = { pause: vi.fn(), resume: vi.fn() };
  log.addSource(source);
  return { log, source };
}

describe('one reader', () => {
  test.prop([fc.array(piece, { maxLength: 8 })])(
    'gets every byte, in order, in frames that are not too large and are numbered from 1',
    (pieces) => {
      const log = makeLog();
      const reader = log.read();
      const pushed = { stdout: '', stderr: '', pty: '' };
      pieces.forEach(({ stream, size }, index) => {
        const bytes = Buffer.alloc(size, 65 + (index % 26));
        pushed[stream] += bytes.toString();
        log.push(stream, bytes);
      });
      const taken = { stdout: '', stderr: '', pty: '' };
      let number = 0;
      for (const frame of takeAll(reader)) {
        if (frame.kind === 'gap') throw new Error('something is missing');
        expect(frame.bytes.length).toBeLessThanOrEqual(frameBytes[frame.stream]);
        number += 1;
        expect(frame.number).toBe(number);
        taken[frame.stream] += Buffer.from(frame.bytes).toString();
      }
      expect(taken).toStrictEqual(pushed);
    },
  );

  test.prop([fc.integer({ min: 1, max: 65536 })])('is not run away from, for pieces of any size', (size) => {
    const log = makeLog();
    const reader = log.read();
    while (!log.isHoldingUp) log.push('stdout', Buffer.alloc(size));
    expect(log.keptBytes).toBeLessThan(2 * highWaterBytes);
    expect(kinds(takeAll(reader))).not.toContain('gap');
  });

  test('holds the sources up while it is behind, and lets them go on when it has caught up', () => {
    const { log, source } = heldLog();
    const reader = log.read();
    log.push('stdout', Buffer.alloc(300 * 1024));
    expect(source.pause).toHaveBeenCalledOnce();
    expect(source.resume).not.toHaveBeenCalled();
    takeAll(reader);
    expect(source.resume).toHaveBeenCalledOnce();
  });

  test('that leaves lets the sources go on', () => {
    const { log, source } = heldLog();
    const reader = log.read();
    log.push('stdout', Buffer.alloc(300 * 1024));
    reader.leave();
    expect(source.resume).toHaveBeenCalledOnce();
    expect(reader.isDone).toBe(true);
    expect(reader.take()).toBeUndefined();
  });

  test('has what was written before the end, and nothing of what came after it', async () => {
    const log = makeLog();
    const reader = log.read();
    log.push('stderr', Buffer.from('last words'));
    log.end();
    log.push('stderr', Buffer.from('too late'));
    expect(reader.isDone).toBe(false);
    expect(takeAll(reader)).toHaveLength(1);
    expect(reader.isDone).toBe(true);
    expect(await reader.readableWithin(60_000)).toBe(true);
  });

  test('is woken by output, by the end and by its own leaving', async () => {
    const log = makeLog();
    const reader = log.read();
    const output = reader.readableWithin(60_000);
    log.push('stdout', Buffer.from('x'));
    expect(await output).toBe(true);
    takeAll(reader);
    const end = reader.readableWithin(60_000);
    log.end();
    expect(await end).toBe(true);

    const other = makeLog().read();
    const leaving = other.readableWithin(60_000);
    other.leave();
    expect(await leaving).toBe(true);
  });

  test('hears of a silence', async () => {
    expect(await makeLog().read().readableWithin(1)).toBe(false);
  });
});

describe('without a reader', () => {
  test('the sources flow, and the last 1 MiB is kept', () => {
    const { log, source } = heldLog();
    for (let count = 0; count < 100; count++) log.push('stdout', Buffer.alloc(frameBytes.stdout));
    expect(source.pause).not.toHaveBeenCalled();
    expect(log.keptBytes).toBeLessThanOrEqual(windowBytes);
    expect(log.keptBytes).toBeGreaterThan(windowBytes - frameBytes.stdout - 2 * frameOverheadBytes);
  });

  test('single bytes do not fill the memory', () => {
    const log = makeLog();
    for (let count = 0; count < 10_000; count++) log.push('stdout', Buffer.alloc(1));
    expect(log.nextNumber - log.firstKeptNumber).toBeLessThanOrEqual(windowBytes / frameOverheadBytes);
  });
});

describe('a reader that comes later', () => {
  const written = () => {
    const log = makeLog();
    for (const text of ['one', 'two', 'three']) log.push('stdout', Buffer.from(text));
    return log;
  };
  const texts = (taken: readonly (Frame | Gap)[]) =>
    taken.map((one) => (one.kind === 'gap' ? one : Buffer.from(one.bytes).toString()));

  test('gets what comes from then on', () => {
    const log = written();
    const reader = log.read();
    log.push('stdout', Buffer.from('four'));
    expect(texts(takeAll(reader))).toStrictEqual(['four']);
  });

  test('gets what it has not seen, from the number that it says', () => {
    expect(texts(takeAll(written().read(2)))).toStrictEqual(['two', 'three']);
    expect(texts(takeAll(written().read(4)))).toStrictEqual([]);
  });

  test('is refused when it has seen more than there ever was', () => {
    expect(() => written().read(5)).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'from' }),
    );
  });

  test('is told first what is not kept any more', () => {
    const log = makeLog();
    for (let count = 0; count < 100; count++) log.push('stdout', Buffer.alloc(frameBytes.stdout));
    const taken = takeAll(log.read(3));
    expect(taken[0]).toStrictEqual({ kind: 'gap', first: 3, last: log.firstKeptNumber - 1 });
    expect(taken[1]).toMatchObject({ kind: 'frame', number: log.firstKeptNumber });
    expect(taken.at(-1)).toMatchObject({ number: 100 });
  });

  test('gets what is kept of a process that has ended, until it is forgotten', () => {
    const log = written();
    log.end();
    const reader = log.read(1);
    expect(reader.take()).toMatchObject({ number: 1 });
    log.forget();
    expect(takeAll(reader)).toHaveLength(2);
    reader.leave();
    expect(log.keptBytes).toBe(0);
  });
});

describe('the size of a terminal', () => {
  const told = (cols: number) => ({ kind: 'size', size: { cols, rows: 24 } });
  const sized = (cols: number) => {
    const log = makeLog();
    log.setSize({ cols, rows: 24 });
    return log;
  };

  test('is told before what is printed, and once', () => {
    const log = sized(80);
    log.push('pty', Buffer.from('one'));
    const reader = log.read(1);
    expect(takeAllOf(reader)).toMatchObject([told(80), { number: 1 }]);
    log.push('pty', Buffer.from('two'));
    expect(takeAllOf(reader)).toMatchObject([{ number: 2 }]);
  });

  test('is told when it changes, the last of several', () => {
    const log = sized(80);
    const reader = log.read().knowsSize();
    expect(takeAllOf(reader)).toEqual([]);
    log.setSize({ cols: 81, rows: 24 });
    log.setSize({ cols: 82, rows: 24 });
    expect(takeAllOf(reader)).toEqual([told(82)]);
  });

  test('wakes who waits for output', async () => {
    const log = sized(80);
    const reader = log.read().knowsSize();
    const readable = reader.readableWithin(60_000);
    log.setSize({ cols: 100, rows: 24 });
    expect(await readable).toBe(true);
    expect(reader.take()).toEqual(told(100));
  });

  test('is not told to one that has left', () => {
    const reader = sized(80).read();
    reader.leave();
    expect(reader.take()).toBeUndefined();
  });
});

describe('several readers', () => {
  test('the one that is furthest on sets the pace, and the other gets a gap where it fell behind', () => {
    const { log, source } = heldLog();
    const [fast, slow] = [log.read(), log.read()];
    const numbers: number[] = [];
    for (let count = 0; count < 200; count++) {
      log.push('stdout', Buffer.alloc(frameBytes.stdout));
      for (const frame of takeAll(fast)) if (frame.kind === 'frame') numbers.push(frame.number);
    }
    expect(source.pause).not.toHaveBeenCalled();
    expect(numbers).toStrictEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    const [gap, ...rest] = takeAll(slow);
    expect(gap).toStrictEqual({ kind: 'gap', first: 1, last: log.firstKeptNumber - 1 });
    expect(kinds(rest)).not.toContain('gap');
    expect(rest).toHaveLength(200 - log.firstKeptNumber + 1);
  });

  test('when all of them are behind the sources are held up, and the first that goes on lets them flow', () => {
    const { log, source } = heldLog();
    const [first] = [log.read(), log.read()];
    log.push('stdout', Buffer.alloc(300 * 1024));
    expect(source.pause).toHaveBeenCalledOnce();
    takeAll(first);
    expect(source.resume).toHaveBeenCalledOnce();
  });

  test('one that comes while the others hold the sources up lets them flow', () => {
    const { log, source } = heldLog();
    log.read();
    log.push('stdout', Buffer.alloc(300 * 1024));
    log.read();
    expect(source.resume).toHaveBeenCalledOnce();
  });

  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), size: fc.integer({ min: 1, max: 200_000 }) }),
    fc.record({ kind: fc.constant('take' as const), reader: fc.nat(2), count: fc.nat(20) }),
  );
  test.prop([fc.array(step, { maxLength: 60 })])('none misses a frame without being told', (steps) => {
    const log = makeLog();
    const readers = [log.read(), log.read(), log.read()];
    const seen = readers.map(() => 0);
    const note = (index: number, taken: Frame | Gap | Resized | undefined) => {
      if (taken === undefined || taken.kind === 'size') return;
      const [first, last] = taken.kind === 'gap' ? [taken.first, taken.last] : [taken.number, taken.number];
      expect(first).toBe((seen[index] ?? 0) + 1);
      expect(last).toBeGreaterThanOrEqual(first);
      seen[index] = last;
    };
    for (const one of steps) {
      if (one.kind === 'push') {
        if (!log.isHoldingUp) log.push('stdout', Buffer.alloc(one.size));
      } else {
        for (let count = 0; count < one.count; count++) note(one.reader, readers[one.reader]?.take());
      }
    }
    log.end();
    readers.forEach((reader, index) => {
      for (const taken of takeAll(reader)) note(index, taken);
      expect(reader.isDone).toBe(true);
      expect(seen[index]).toBe(log.nextNumber - 1);
    });
  });
});
