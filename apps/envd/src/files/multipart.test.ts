import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { boundaryOf, readParts } from './multipart.ts';

const boundary = 'xYz';

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function parse(body: Buffer | string, sizes: readonly number[] = [7]) {
  const found: { name: string | undefined; filename: string | undefined; content: Buffer }[] = [];
  for await (const { name, filename, content } of readParts(inPieces(Buffer.from(body), sizes), boundary)) {
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(Buffer.from(piece));
    found.push({ name, filename, content: Buffer.concat(pieces) });
  }
  return found;
}

interface Field {
  readonly filename: string;
  readonly content: Buffer;
}
const part = ({ filename, content }: Field) =>
  Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\n\r\n`,
    ),
    content,
    Buffer.from('\r\n'),
  ]);
const form = (fields: readonly Field[], end = `--${boundary}--\r\n`) =>
  Buffer.concat([...fields.map(part), Buffer.from(end)]);

/** Contents full of what looks like boundaries. */
const content = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\r',
        '\n',
        '--',
        '-',
        `\r\n--${boundary.slice(0, 2)}`,
        `--${boundary}`,
        '\r\n--',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
  )
  .map((pieces) => Buffer.from(pieces.join('')))
  .filter((bytes) => !bytes.includes(`\r\n--${boundary}`) && !bytes.toString().startsWith(`--${boundary}`));
const fields = fc.array(fc.record({ filename: fc.stringMatching(/^[a-z/ü ]{1,20}$/), content }), {
  maxLength: 5,
});
const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 });

test.prop([fields, sizes])(
  'parts come out as they went in, however the body is cut',
  async (wanted, cuts) => {
    expect(await parse(form(wanted), cuts)).toStrictEqual(
      wanted.map((field) => ({ name: 'file', ...field })),
    );
  },
);

test.prop([fields, sizes, fc.nat()])('a form that is cut off is no form', async (wanted, cuts, at) => {
  const whole = form(wanted, `--${boundary}--`);
  await expect(parse(whole.subarray(0, at % whole.length), cuts)).rejects.toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  );
});

test.prop([fc.uint8Array({ maxLength: 300 }), sizes])('noise is no form', async (noise, cuts) => {
  const bytes = Buffer.from(noise);
  fc.pre(!bytes.includes(`--${boundary}--`));
  await expect(parse(bytes, cuts)).rejects.toThrow(expect.objectContaining({ code: 'invalid_request' }));
});

const head = 'Content-Disposition: form-data; name="file"';
const one = [{ name: 'file', filename: undefined, content: Buffer.from('hello') }];

test.each([
  ['text before the first boundary', `before\r\n--${boundary}\r\n${head}\r\n\r\nhello\r\n--${boundary}--`],
  ['text after the last boundary', `--${boundary}\r\n${head}\r\n\r\nhello\r\n--${boundary}--\r\nafter`],
  ['blanks after a boundary', `--${boundary} \t\r\n${head}\r\n\r\nhello\r\n--${boundary}--`],
  [
    'other headers',
    `--${boundary}\r\nContent-Type: text/plain\r\n${head}\r\nX: \r\n\r\nhello\r\n--${boundary}--`,
  ],
])('%s is allowed', async (_what, body) => {
  for (const size of [1, 3, 1000]) expect(await parse(body, [size])).toStrictEqual(one);
});

test('a form may have no part, and a part no content', async () => {
  expect(await parse(`--${boundary}--`)).toStrictEqual([]);
  const empty = [{ ...one[0], content: Buffer.alloc(0) }];
  expect(await parse(`--${boundary}\r\n${head}\r\n\r\n\r\n--${boundary}--`)).toStrictEqual(empty);
  expect(await parse(`--${boundary}\r\n${head}\r\n\r\n--${boundary}--`)).toStrictEqual(empty);
});

test('a part that nobody reads is skipped', async () => {
  const bytes = form([
    { filename: 'a', content: Buffer.from('one') },
    { filename: 'b', content: Buffer.from('two') },
  ]);
  const names: (string | undefined)[] = [];
  for await (const { filename } of readParts(inPieces(bytes, [5]), boundary)) names.push(filename);
  expect(names).toStrictEqual(['a', 'b']);
});

const afterHead = (lines: string) => `--${boundary}\r\n${lines}\r\n\r\nhello\r\n--${boundary}--`;
test.each([
  [
    'another boundary',
    form(one as [])
      .toString()
      .replaceAll(boundary, 'other'),
  ],
  ['a longer boundary', `--${boundary}1\r\n${head}\r\n\r\nhello\r\n--${boundary}--`],
  ['a part without a head', `--${boundary}\r\n\r\nhello\r\n--${boundary}--`],
  ['a part of no field', afterHead('Content-Type: text/plain')],
  ['a part of two fields', afterHead(`${head}\r\n${head}`)],
  ['a line that is no header', afterHead(`${head}\r\nnonsense`)],
  ['a header on two lines', afterHead(`${head};\r\n filename="a"`)],
  ['a bare line break in a name', afterHead('Content-Disposition: form-data; name="a\nb"')],
  ['a head that is not UTF-8', Buffer.concat([Buffer.from(`--${boundary}\r\n`), Buffer.from([0xff])])],
  ['a head without end', `--${boundary}\r\n${'x'.repeat(20_000)}`],
  ['base64', afterHead(`${head}\r\nContent-Transfer-Encoding: base64`)],
  ['much before the first boundary', `${'x'.repeat(70_000)}\r\n${afterHead(head)}`],
  ['much after the last boundary', `${afterHead(head)}\r\n${'x'.repeat(70_000)}`],
])('%s is refused', async (_what, body) => {
  await expect(parse(body, [1000])).rejects.toThrow(expect.objectContaining({ code: 'invalid_request' }));
});

test('the boundary is what the content type says', () => {
  expect(boundaryOf('multipart/form-data; boundary=abc')).toBe('abc');
  expect(boundaryOf('multipart/form-data; charset=utf-8; Boundary="a b"; x=y')).toBe('a b');
  for (const none of [
    'multipart/form-data',
    'multipart/form-data; boundary=',
    `x; boundary=${'a'.repeat(999)}`,
  ]) {
    expect(() => boundaryOf(none)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  }
});
