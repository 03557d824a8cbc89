import { Text } from '@codemirror/state';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from './decode.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('a file', () => {
  it('of text is the same bytes again, whatever its line breaks are', () => {
    const lines = fc.array(fc.constantFrom('a', 'ä', '💾', '\n', '\r\n', '\r', '\ufeff', '\u2028', ''));
    fc.assert(
      fc.property(lines, (parts) => {
        const bytes = utf8(parts.join(''));
        const decoded = decode(bytes, true);
        if (decoded.kind !== 'text') throw new Error('it is text');
        const { text, lineBreak } = decoded;
        const edited = Text.of(text.split(lineBreak));
        expect(utf8(edited.sliceString(0, edited.length, lineBreak))).toEqual(bytes);
      }),
    );
  });

  it.each([
    ['with a NUL', [104, 105, 0]],
    ['that is no UTF-8', [0xff, 0xfe, 65]],
    ['that ends within a character', [65, 0xc3]],
  ])('%s is binary', (_what, bytes) => {
    expect(decode(Uint8Array.from(bytes), true)).toEqual({ kind: 'binary' });
  });

  it('of which there is the beginning may end within a character', () => {
    expect(decode(Uint8Array.from([65, 0xc3]), false)).toMatchObject({ kind: 'text', text: 'A' });
  });

  it('of nothing is text', () => {
    expect(decode(new Uint8Array(), true)).toMatchObject({ kind: 'text', text: '' });
  });
});
