import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { canonicalUrl } from './aliases.ts';
import { html, prose } from './html.ts';
import { requestId } from './request-id.ts';

test('only the path that is an alias is rewritten', () => {
  expect(canonicalUrl('/v1/sandboxes')).toBe('/v1/capsules');
  expect(canonicalUrl('/v1/sandboxes/x/exec?a=/v1/sandboxes')).toBe('/v1/capsules/x/exec?a=/v1/sandboxes');
  expect(canonicalUrl('/v1/sandboxes?limit=1')).toBe('/v1/capsules?limit=1');
  expect(canonicalUrl('/v1/sandboxesx')).toBe('/v1/sandboxesx');
  expect(canonicalUrl('/x/v1/sandboxes')).toBe('/x/v1/sandboxes');
});

test.prop([fc.string()])('what is put into HTML stays text', (text) => {
  const inner = html`<b>${text}</b>`.toString().slice(3, -4);
  expect(inner).not.toMatch(/[<>"']/);
  expect(inner.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))).toBe(text);
});

test('what stands between backticks is shown as code, and is text all the same', () => {
  expect(html`${prose('give `a<b` or none')}`.toString()).toBe('give <code>a&#60;b</code> or none');
});

test.prop([fc.string()])('a request ID is always short and plain', (text) => {
  expect(requestId({ headers: { 'x-request-id': text } })).toMatch(/^[\w.-]{1,64}$/);
});
