import { type FileSort, fileSorts, type Order } from './sort-entries.ts';

/** What of the files is shown, as the address of the page says it. */
export interface BrowserQuery {
  readonly path: string;
  readonly user: string;
  readonly sort: FileSort;
  readonly order: Order;
  /** The name of the entry that is open. */
  readonly file: string | undefined;
}

const usual = { path: '~', user: '', sort: 'name', order: 'asc' } as const;

export function browserQuery(parameters: Pick<URLSearchParams, 'get'>): BrowserQuery {
  return {
    path: parameters.get('path') || usual.path,
    user: parameters.get('user') ?? usual.user,
    sort: fileSorts.find((sort) => sort === parameters.get('sort')) ?? usual.sort,
    order: parameters.get('order') === 'desc' ? 'desc' : usual.order,
    file: parameters.get('file') ?? undefined,
  };
}

/** Equal where the same folder is shown, as the same user. */
export function folderKey({ path, user }: Pick<BrowserQuery, 'path' | 'user'>): string {
  return JSON.stringify([path, user]);
}

/** The part of an address after its path; what is as usual is left out. */
export function browserAddress({ path, user, sort, order, file }: BrowserQuery): string {
  const said = Object.entries({ path, user, sort, order }).filter(
    ([name, value]) => Reflect.get(usual, name) !== value,
  );
  const parameters = new URLSearchParams([
    ...said,
    ...(file === undefined ? [] : [['file', file]]),
  ] as string[][]);
  return `?${parameters}`;
}
