import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { parseDisposition } from './content-disposition.ts';

const file = (filename: string | undefined) => ({ name: 'file', filename });

test.each([
  ['form-data; name="file"', file(undefined)],
  ['form-data; name=file; filename=a.txt', file('a.txt')],
  ['FORM-DATA;NAME="file";FileName="/tmp/a b;c.txt"', file('/tmp/a b;c.txt')],
  ['form-data; name="file"; filename="größe"', file('größe')],
  ['form-data; name="file"; filename="a%22b%0D%0Ac%20d"', file('a"b\r\nc%20d')],
  ['form-data; name="file"; filename="a\\"b\\\\c\\d"', file('a"b\\c\\d')],
  [`form-data; name="file"; filename="x"; filename*=UTF-8''%C3%BC%2Ftmp`, file('ü/tmp')],
  ['form-data; name="file"; filename="a\\"', file('a\\')],
  ['form-data; name="file"; name="other"', file(undefined)],
  ['form-data', { name: undefined, filename: undefined }],
  ['form-data ;name="file" ', file(undefined)],
])('%s is understood', (header, disposition) => {
  expect(parseDisposition(header)).toStrictEqual(disposition);
});

test.each([
  '',
  'attachment; filename="a"',
  'form-dataset; name="file"',
  'form-data; name="file',
  'form-data; name="file"; filename="a"b"',
  'form-data; name',
  'form-data; ="x"',
  'form-data; name="file" filename="a"',
  `form-data; name="file"; filename="x"; filename*=UTF-8''%FF`,
  'form-data; name="file"; filename*=latin1\'\'a',
])('%j is refused', (header) => {
  expect(parseDisposition(header)).toBeUndefined();
});

test.prop([fc.string({ unit: 'binary' })])('a name comes through as fetch writes it', (name) => {
  // What would be read as an escape, although fetch writes none of this kind.
  fc.pre(!/\\["\\]|%(22|0D|0A)/i.test(name));
  const written = name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
  expect(parseDisposition(`form-data; name="file"; filename="${written}"`)).toStrictEqual(file(name));
});

test.prop([fc.string({ unit: fc.constantFrom('\\', '"', ';', '=', 'a', ' '), maxLength: 2000 })])(
  'no header takes long',
  (rest) => {
    parseDisposition(`form-data; name="${rest}`);
  },
);
