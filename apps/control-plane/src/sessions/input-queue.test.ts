import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Control, type Deed, InputQueue } from './input-queue.ts';

const never = new AbortController().signal;

type Given = { readonly kind: 'input'; readonly typed: string } | Control;

const deeds: fc.Arbitrary<Given[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .string({ minLength: 1, maxLength: 3 })
        .map((typed) => ({ kind: 'input', typed }) as const),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('resize' as const), cols: fc.nat(9), rows: fc.nat(9) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'kill' } as const) },
  ),
);

/** Deeds with the offsets that a client that types them would give. */
function withOffsets(given: readonly Given[]): Deed[] {
  let offset = 0n;
  return given.map((deed) => {
    if (deed.kind !== 'input') return deed;
    const data = Buffer.from(deed.typed);
    const input = { kind: 'input', data, offset } as const;
    offset += BigInt(data.length);
    return input;
  });
}

function typedBy(list: readonly Deed[]): Buffer {
  return Buffer.concat(list.flatMap((deed) => (deed.kind === 'input' ? [deed.data] : [])));
}

/** Of each byte that is typed: the size that it finds, and whether there was a kill before it. */
function foundByBytes(list: readonly Deed[]): string[] {
  let found = '';
  return list.flatMap((deed) => {
    if (deed.kind === 'input') return Array<string>(deed.data.length).fill(found);
    found = deed.kind === 'kill' ? `${found}, killed` : `${deed.cols}x${deed.rows}`;
    return [];
  });
}

/** Does what is in a lane, if anything can be done now. */
async function take(queue: InputQueue, lane: 'input' | 'control', done: Deed[]): Promise<void> {
  const now = AbortSignal.abort(new Error('not now'));
  try {
    const next = lane === 'input' ? await queue.nextInput(now) : await queue.nextControl(now);
    if (next === undefined) return;
    done.push(next);
    if (lane === 'input') queue.inputDone();
    else queue.controlDone();
  } catch (thrown) {
    expect(thrown).toMatchObject({ message: 'not now' });
  }
}

describe('what is typed into a terminal', () => {
  test.prop([deeds, fc.array(fc.constantFrom('input', 'control', 'nothing'))])(
    'arrives once and in order, however it is merged and the lanes take turns',
    async (given, turns) => {
      const queue = new InputQueue();
      const all = withOffsets(given);
      const done: Deed[] = [];
      for (const [index, deed] of all.entries()) {
        await queue.add(deed, never);
        const turn = turns[index % Math.max(1, turns.length)] ?? 'nothing';
        if (turn !== 'nothing') await take(queue, turn, done);
      }
      queue.end();
      while (!queue.isEmpty) {
        await take(queue, 'input', done);
        await take(queue, 'control', done);
      }
      expect(typedBy(done)).toEqual(typedBy(all));
      let offset = 0n;
      for (const deed of done) {
        if (deed.kind !== 'input') continue;
        expect(deed.offset).toBe(offset);
        offset += BigInt(deed.data.length);
      }
      const isSize = ({ kind }: Deed) => kind === 'resize';
      expect(done.findLast(isSize)).toEqual(all.findLast(isSize));
      expect(done.some(({ kind }) => kind === 'kill')).toBe(all.some(({ kind }) => kind === 'kill'));
    },
  );

  test.prop([deeds])(
    'finds the size that was set before it, and nothing that was killed before it',
    async (given) => {
      const queue = new InputQueue();
      const all = withOffsets(given);
      const done: Deed[] = [];
      // Lanes that are free do everything at once.
      for (const deed of all) {
        await queue.add(deed, never);
        await take(queue, deed.kind === 'input' ? 'input' : 'control', done);
      }
      expect(foundByBytes(done)).toEqual(foundByBytes(all));
    },
  );

  it('waits for the size and the kill that were sent before it', async () => {
    const queue = new InputQueue();
    await queue.add({ kind: 'resize', cols: 1, rows: 1 }, never);
    await queue.add({ kind: 'kill' }, never);
    await queue.add({ kind: 'input', data: Buffer.from('x'), offset: 0n }, never);
    const done: Deed[] = [];
    await take(queue, 'input', done);
    await take(queue, 'control', done);
    await take(queue, 'input', done);
    await take(queue, 'control', done);
    await take(queue, 'input', done);
    expect(done.map(({ kind }) => kind)).toEqual(['resize', 'kill', 'input']);
  });

  it('is merged while a call is under way, so that fast typing is one call', async () => {
    const queue = new InputQueue();
    for (const deed of withOffsets([...'hello'].map((typed) => ({ kind: 'input', typed }))))
      await queue.add(deed, never);
    expect(await queue.nextInput(never)).toMatchObject({ data: Buffer.from('hello') });
  });

  it('goes in calls of 64 KiB, in order, however much is pasted at once', async () => {
    const queue = new InputQueue();
    const pasted = Buffer.from(Array.from({ length: 900_000 }, (_, at) => at % 251));
    await queue.add({ kind: 'input', data: pasted, offset: 7n }, never);
    queue.end();
    const calls: Buffer[] = [];
    for (
      let input = await queue.nextInput(never);
      input !== undefined;
      input = await queue.nextInput(never)
    ) {
      expect(input.data.length).toBeLessThanOrEqual(64 * 1024);
      expect(input.offset).toBe(7n + BigInt(Buffer.concat(calls).length));
      calls.push(input.data);
      queue.inputDone();
    }
    expect(Buffer.concat(calls).equals(pasted)).toBe(true);
  });

  it('stays first until it is done, so that a call that broke is made again', async () => {
    const queue = new InputQueue();
    await queue.add({ kind: 'input', data: Buffer.from('x'), offset: 0n }, never);
    expect(await queue.nextInput(never)).toMatchObject({ data: Buffer.from('x') });
    expect(await queue.nextInput(never)).toMatchObject({ data: Buffer.from('x') });
    queue.inputDone();
    queue.end();
    expect(await queue.nextInput(never)).toBeUndefined();
  });

  it('waits where too much is there already, and goes on when there is room', async () => {
    const queue = new InputQueue();
    const big = { kind: 'input', data: Buffer.alloc(1024 * 1024), offset: 0n } as const;
    await queue.add(big, never);
    let isIn = false;
    const last = { kind: 'input', data: Buffer.from('.'), offset: BigInt(big.data.length) } as const;
    const waiting = queue.add(last, never).then(() => {
      isIn = true;
    });
    await Promise.resolve();
    expect(isIn).toBe(false);
    await queue.nextInput(never);
    queue.inputDone();
    await waiting;
    queue.end();
  });

  it('waits no longer than its client is there', async () => {
    const gone = new AbortController();
    const waiting = new InputQueue().nextInput(gone.signal);
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });
});

describe('a size or a kill', () => {
  it('is done while input waits for a program that does not read, however much of it', async () => {
    const queue = new InputQueue();
    const pasted = Buffer.alloc(1024 * 1024);
    await queue.add({ kind: 'input', data: pasted, offset: 0n }, never);
    expect(await queue.nextInput(never)).toBeDefined();
    await queue.add({ kind: 'resize', cols: 1, rows: 2 }, never);
    await queue.add({ kind: 'kill' }, never);
    expect(await queue.nextControl(never)).toEqual({ kind: 'resize', cols: 1, rows: 2 });
    queue.controlDone();
    expect(await queue.nextControl(never)).toEqual({ kind: 'kill' });
  });

  it('stays first until it is done, and is not changed by what comes meanwhile', async () => {
    const queue = new InputQueue();
    await queue.add({ kind: 'resize', cols: 1, rows: 1 }, never);
    expect(await queue.nextControl(never)).toMatchObject({ cols: 1 });
    for (const cols of [2, 3, 4]) await queue.add({ kind: 'resize', cols, rows: 1 }, never);
    expect(await queue.nextControl(never)).toMatchObject({ cols: 1 });
    queue.controlDone();
    expect(await queue.nextControl(never)).toMatchObject({ cols: 4 });
    queue.controlDone();
    queue.end();
    expect(await queue.nextControl(never)).toBeUndefined();
  });
});
