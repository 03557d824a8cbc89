import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Deed, InputQueue } from './input-queue.ts';

const never = new AbortController().signal;

const deeds = fc.array(
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
function withOffsets(
  given: readonly ({ kind: 'input'; typed: string } | Exclude<Deed, { kind: 'input' }>)[],
): Deed[] {
  let offset = 0n;
  return given.map((deed) => {
    if (deed.kind !== 'input') return deed;
    const data = Buffer.from(deed.typed);
    const input = { kind: 'input', data, offset } as const;
    offset += BigInt(data.length);
    return input;
  });
}

/** What a terminal has of them: the text between other deeds, and of sizes in a row the last. */
function effect(list: readonly Deed[]): string[] {
  const seen: string[] = [];
  for (const deed of list) {
    const last = seen.at(-1) ?? '';
    if (deed.kind === 'input') {
      if (last.startsWith('>')) seen[seen.length - 1] = last + deed.data.toString('hex');
      else seen.push(`>${deed.data.toString('hex')}`);
    } else if (deed.kind === 'resize') {
      if (last.startsWith('#')) seen.pop();
      seen.push(`#${deed.cols}x${deed.rows}`);
    } else seen.push('kill');
  }
  return seen;
}

describe('what is typed into a terminal', () => {
  test.prop([deeds, fc.array(fc.nat(5))])(
    'arrives once and in order, with every size and every kill in its place, however it is merged',
    async (given, pace) => {
      const queue = new InputQueue();
      const all = withOffsets(given);
      const done: Deed[] = [];
      let turn = 0;
      const take = async () => {
        const next = await queue.next(never);
        if (next !== undefined) done.push(next);
        queue.done();
      };
      for (const deed of all) {
        await queue.add(deed, never);
        for (let count = pace[turn++ % Math.max(1, pace.length)] ?? 0; count > 3 && !queue.isEmpty; count--)
          await take();
      }
      queue.end();
      while (!queue.isEmpty) await take();
      expect(effect(done)).toEqual(effect(all));
      let offset = 0n;
      for (const deed of done) {
        if (deed.kind !== 'input') continue;
        expect(deed.offset).toBe(offset);
        offset += BigInt(deed.data.length);
      }
    },
  );

  it('is merged while a call is under way, so that fast typing is one call', async () => {
    const queue = new InputQueue();
    for (const deed of withOffsets([...'hello'].map((typed) => ({ kind: 'input', typed }))))
      await queue.add(deed, never);
    expect(await queue.next(never)).toMatchObject({ data: Buffer.from('hello') });
  });

  it('stays first until it is done, so that a call that broke is made again', async () => {
    const queue = new InputQueue();
    await queue.add({ kind: 'kill' }, never);
    expect(await queue.next(never)).toEqual({ kind: 'kill' });
    expect(await queue.next(never)).toEqual({ kind: 'kill' });
    queue.done();
    queue.end();
    expect(await queue.next(never)).toBeUndefined();
  });

  it('waits where too much is there already, and goes on when there is room', async () => {
    const queue = new InputQueue();
    const big = { kind: 'input', data: Buffer.alloc(1024 * 1024), offset: 0n } as const;
    await queue.add(big, never);
    let isIn = false;
    const waiting = queue.add({ kind: 'kill' }, never).then(() => {
      isIn = true;
    });
    await Promise.resolve();
    expect(isIn).toBe(false);
    queue.done();
    await waiting;
    expect(await queue.next(never)).toEqual({ kind: 'kill' });
  });

  it('waits no longer than its client is there', async () => {
    const gone = new AbortController();
    const waiting = new InputQueue().next(gone.signal);
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  });
});
