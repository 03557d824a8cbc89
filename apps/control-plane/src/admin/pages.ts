import { z } from 'zod';
import { text } from '../http/schemas.ts';

const perPage = 100;

/** `searched` is what `q` is a part of. */
export const pageQuery = (searched: string) =>
  z.strictObject({
    page: z.coerce.number().int().min(1).max(100_000).default(1),
    q: text(100).trim().default('').describe(`A part of ${searched}, or how the ID begins.`),
  });

/** An empty `q` is a part of everything. */
export type Asked = z.output<ReturnType<typeof pageQuery>>;

/** What every list of administrators says of itself. */
export const pageFields = {
  total: z.int().describe('On all pages.'),
  page: z.int(),
  per_page: z.int(),
  total_pages: z.int(),
} as const;

/** Which rows a page has. */
export function rowsOf(page: number): { readonly limit: number; readonly offset: number } {
  return { limit: perPage, offset: (page - 1) * perPage };
}

export function presentPage(page: number, total: number) {
  return { total, page, per_page: perPage, total_pages: Math.max(1, Math.ceil(total / perPage)) };
}
