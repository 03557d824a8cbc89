import { describe, expect, it } from 'vitest';
import { linkToLook, lookedAt } from './share-link.ts';

const page = new URL('https://wrenn.example/dashboard/capsules/cl-1/terminal?terminal=pty-2');
const queryOf = (link: string) => new URL(link).searchParams;

describe('a link to look on', () => {
  it('leads to the terminal, with its size', () => {
    const looked = { tag: 'pty-1c5f09ab', size: { cols: 132, rows: 43 } };
    expect(lookedAt(queryOf(linkToLook(page, looked.tag, looked.size)))).toEqual(looked);
  });

  it.each(['', '0x0', '80', '80x', 'x24', '1e3x2', '99999x1', '-1x5'])(
    'with the size "%s" has a usual one',
    (size) => {
      expect(lookedAt(new URLSearchParams({ look: 'pty-1', size }))?.size).toEqual({ cols: 80, rows: 24 });
    },
  );

  it('is not any other address', () => {
    expect(lookedAt(page.searchParams)).toBeUndefined();
  });
});
