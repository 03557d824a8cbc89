import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { fc, test } from '@fast-check/vitest';
import { WrennError } from '@wrenn/core';
import { pack } from 'tar-stream';
import { expect } from 'vitest';
import { archiveFile, listTar, refusalOf } from './testing/archive-file.ts';
import { tarOf } from './testing/make-tar.ts';
import { zipOf } from './testing/make-zip.ts';

interface Leaf {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer | undefined;
  readonly link: string;
}

/** Names end in their depth, so that no path is both a file and a directory. */
const leaf: fc.Arbitrary<Leaf> = fc.record({
  path: fc
    .array(
      fc.string({ unit: fc.constantFrom('a', 'b', '.', ' ', 'é', '🙂', 'long'.repeat(9)), maxLength: 5 }),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    .map((names) => names.map((name, depth) => `${name}${depth === names.length - 1 ? 'f' : 'd'}`).join('/')),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  content: fc.option(fc.uint8Array({ maxLength: 2000 }).map(Buffer.from), { nil: undefined }),
  link: fc.constantFrom('x', '/etc', '../../up', 'é'.repeat(150)),
});

const tree = fc.uniqueArray(leaf, { selector: ({ path }) => path, maxLength: 12 });

/** As somebody else writes a tar. */
async function written(leaves: readonly Leaf[]): Promise<Buffer> {
  const tar = pack();
  for (const { path, mode, content, link } of leaves) {
    // It takes no mode at all for a missing one, and passes over the bits of a type.
    if (content === undefined) tar.entry({ name: path, type: 'symlink', linkname: link });
    else tar.entry({ name: path, mode: mode | 0o100000, type: 'file' }, content);
  }
  tar.finalize();
  return buffer(tar as AsyncIterable<Buffer>);
}

const lineOf = ({ path, mode, content, link }: Leaf) =>
  content === undefined
    ? `l ${path} -> ${link}`
    : `f ${path} ${mode.toString(8)} ${content.toString('latin1')}`;

test.prop([tree, fc.boolean()], { numRuns: 40 })(
  'a tar of a selection of all is the tree that the archive was made of',
  async (leaves, isCompressed) => {
    const bytes = await written(leaves);
    await using file = await archiveFile(isCompressed ? gzipSync(bytes) : bytes);
    if (leaves.length === 0) return;
    const selection = (await file.open()).select(['.']);
    const tar = await buffer(selection.tar({ destination: '/' }, new AbortController().signal));
    await using again = await archiveFile(tar);
    const second = (await again.open()).select(['.']);
    expect(second.key()).toBe(selection.key());
    const lines = await listTar(second.tar({ destination: '/' }, new AbortController().signal));
    expect(lines.filter((line) => !line.startsWith('d ')).sort()).toEqual(leaves.map(lineOf).sort());
  },
);

async function expectRefusalOrNothing(bytes: Uint8Array): Promise<void> {
  const thrown = await refusalOf(bytes);
  if (thrown === undefined) return;
  expect(thrown).toBeInstanceOf(WrennError);
  expect(thrown).toMatchObject({
    field: 'archive',
    code: expect.stringMatching(/^(invalid_request|too_large)$/),
  });
}

const sound = [
  tarOf(
    { name: 'a/b', content: 'x'.repeat(600) },
    { name: 'l', type: '2', link: 'a' },
    { name: 'h', type: '1', link: 'a/b' },
  ),
  gzipSync(tarOf({ name: 'a', content: 'x'.repeat(600) })),
  zipOf([
    { name: 'a/', mode: 0o40755 },
    { name: 'a/b', content: 'x'.repeat(600) },
    { name: 'c', method: 0, content: 'c' },
  ]),
];
const starts = ['1f8b0800', '504b0304', '504b0506', ''].map((hex) => Buffer.from(hex, 'hex'));

test.prop([fc.constantFrom(...starts), fc.uint8Array({ maxLength: 2000 })], { numRuns: 100 })(
  'bytes of any kind are refused, whatever they begin with',
  async (start, bytes) => {
    await expectRefusalOrNothing(Buffer.concat([start, bytes]));
  },
);

const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
test.prop([fc.constantFrom(...sound), damage, fc.nat()], { numRuns: 150 })(
  'a damaged archive is refused or read, and that ends',
  async (bytes, changes, cut) => {
    const damaged = Buffer.from(bytes);
    for (const [at, value] of changes) damaged[at % damaged.length] = value;
    await expectRefusalOrNothing(cut % 3 === 0 ? damaged.subarray(0, cut % damaged.length) : damaged);
  },
);
