import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WrittenMemory } from './written-memory.ts';

const never = new AbortController().signal;
const page = 4096;
const pages = 64;
const bytes = pages * page;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'written-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Writes a diff as Firecracker does: of the memory's size, and sparse. */
async function diff(
  folder: string,
  name: string,
  content: ReadonlyMap<number, Buffer>,
  size = bytes,
): Promise<void> {
  await using file = await open(join(folder, name), 'wx');
  await file.truncate(size);
  for (const [index, written] of content) await file.write(written, 0, page, index * page);
}

async function read(written: WrittenMemory): Promise<Map<number, Buffer>> {
  const found = new Map<number, Buffer>();
  let end = 0;
  for await (const { offset, bytes: run } of written.pages(never)) {
    expect(offset).toBeGreaterThanOrEqual(end);
    end = offset + run.length;
    for (let at = 0; at < run.length; at += page)
      found.set((offset + at) / page, Buffer.from(run.subarray(at, at + page)));
  }
  return found;
}

const diffs = fc.array(fc.uniqueArray(fc.nat(pages - 1), { maxLength: 20 }), { minLength: 1, maxLength: 6 });

describe('what a guest wrote', () => {
  test.prop([diffs, fc.boolean()], { numRuns: 30 })(
    'is what each diff wrote over those before it, zeros too, whether each was taken in at once or all later',
    async (list, isLate) => {
      const folder = await mkdtemp(join(directory, 'run-'));
      const written = new WrittenMemory(folder, bytes);
      const expected = new Map<number, Buffer>();
      for (const [number, indexes] of list.entries()) {
        const content = new Map(
          indexes.map((index) => [index, index % 5 === 0 ? Buffer.alloc(page) : randomBytes(page)] as const),
        );
        const name = isLate ? `diff-${number + 1}` : await written.nextDiff();
        await diff(folder, name, content);
        for (const [index, content_] of content) expected.set(index, content_);
        if (!isLate) await written.absorb(never);
      }
      await written.absorb(never);
      const found = await read(written);
      expect([...found.keys()]).toEqual([...expected.keys()].toSorted((one, other) => one - other));
      for (const [index, content] of expected) expect(found.get(index)?.equals(content)).toBe(true);
      expect(await readdir(folder)).toEqual(['written']);
    },
  );

  it('is nothing where nothing was captured', async () => {
    expect((await read(new WrittenMemory(directory, bytes))).size).toBe(0);
  });

  it('has diffs of more than nine in their order', async () => {
    const written = new WrittenMemory(directory, bytes);
    for (let number = 1; number <= 12; number++)
      await diff(directory, `diff-${number}`, new Map([[3, Buffer.alloc(page, number)]]));
    await written.absorb(never);
    expect((await read(written)).get(3)?.[0]).toBe(12);
    expect(await written.nextDiff()).toBe('diff-1');
  });

  it('keeps what a diff has that was not written to its end', async () => {
    const written = new WrittenMemory(directory, bytes);
    await diff(directory, 'diff-1', new Map([[1, Buffer.alloc(page, 1)]]), 2 * page);
    await written.absorb(never);
    await diff(directory, 'diff-2', new Map([[60, Buffer.alloc(page, 2)]]));
    await written.absorb(never);
    expect([...(await read(written)).keys()]).toEqual([1, 60]);
  });

  it('is not read through a link that the VMM’s user made, nor beyond the memory', async () => {
    const secret = join(directory, 'secret');
    await writeFile(secret, Buffer.alloc(page, 's'));
    await symlink(secret, join(directory, 'diff-1'));
    const written = new WrittenMemory(directory, bytes);
    await expect(written.absorb(never)).rejects.toMatchObject({ code: 'ELOOP' });
    await rm(join(directory, 'diff-1'));
    await diff(directory, 'diff-1', new Map(), bytes + page);
    await expect(written.absorb(never)).rejects.toMatchObject({ code: 'agent_error' });
  });
});
