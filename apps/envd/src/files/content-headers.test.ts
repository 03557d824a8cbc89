import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { contentHeaders, dispositionOf } from './content-headers.ts';

test.each([
  ['/a/page.html', 'text/html'],
  ['/a/data.JSON', 'application/json'],
  ['/a/picture.png', 'image/png'],
  ['/a/Makefile', 'application/octet-stream'],
  ['/a/html', 'application/octet-stream'],
  ['/a/.hidden', 'application/octet-stream'],
  ['/a/b.constructor', 'application/octet-stream'],
  ['/a/b.__proto__', 'application/octet-stream'],
])('%s is sent as %s', (path, type) => {
  expect(contentHeaders(path)['content-type']).toBe(type);
});

test.each([
  ['plain name.txt', 'inline; filename="plain name.txt"'],
  ['a"b\\c', `inline; filename="a_b_c"; filename*=UTF-8''a%22b%5Cc`],
  ['größe.txt', `inline; filename="gr__e.txt"; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt`],
  ['a\r\nb', `inline; filename="a__b"; filename*=UTF-8''a%0D%0Ab`],
  ["it's (1)*", `inline; filename="it's (1)*"`],
])('the name %j is told as %s', (name, header) => {
  expect(dispositionOf(name)).toBe(header);
});

test.prop([fc.string({ unit: 'binary' })])('every name makes a header, and can be read back', (name) => {
  const header = dispositionOf(name);
  expect(header).toMatch(/^[\x20-\x7e]+$/);
  const extended = /filename\*=UTF-8''(.*)$/.exec(header)?.[1];
  expect(extended === undefined ? /filename="(.*)"$/.exec(header)?.[1] : decodeURIComponent(extended)).toBe(
    name.toWellFormed(),
  );
});
