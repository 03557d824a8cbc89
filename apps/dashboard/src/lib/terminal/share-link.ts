import type { ScreenSize } from './screen.ts';

/** A terminal that is looked on at, and the size that it had when the link was made. */
export interface Looked {
  readonly tag: string;
  readonly size: ScreenSize;
}

const sizes = /^([1-9]\d{0,2})x([1-9]\d{0,2})$/;

/** The address of a page that shows one terminal and takes no keys. */
export function linkToLook(page: Pick<URL, 'origin' | 'pathname'>, tag: string, size: ScreenSize): string {
  const query = new URLSearchParams({ look: tag, size: `${size.cols}x${size.rows}` });
  return `${page.origin}${page.pathname}?${query}`;
}

/** What such an address leads to; undefined for one that is not. */
export function lookedAt(query: Pick<URLSearchParams, 'get'>): Looked | undefined {
  const tag = query.get('look');
  if (tag === null || tag === '') return undefined;
  const [, cols = '80', rows = '24'] = sizes.exec(query.get('size') ?? '') ?? [];
  return { tag, size: { cols: Number(cols), rows: Number(rows) } };
}
