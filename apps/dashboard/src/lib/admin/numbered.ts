import { Paged } from '#lib/api/paged.svelte.ts';

interface Numbered {
  readonly total: number;
  readonly page: number;
  readonly total_pages: number;
}

/** A list whose pages have numbers, as those of administrators have. */
export function numberedPages<Answer extends Numbered, Item extends { readonly id: string }>(
  read: (page: number, signal: AbortSignal) => Promise<Answer>,
  itemsOf: (answer: Answer) => readonly Item[],
  onTotal: (total: number) => void,
): Paged<Item, number> {
  return new Paged(async (page: number | undefined, signal: AbortSignal) => {
    const answer = await read(page ?? 1, signal);
    onTotal(answer.total);
    return {
      items: itemsOf(answer),
      next: answer.page < answer.total_pages ? answer.page + 1 : undefined,
    };
  });
}

/** What came meanwhile moves the others on: one that is on two pages counts once. */
export function eachOnce<Item extends { readonly id: string }>(items: readonly Item[]): readonly Item[] {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}
