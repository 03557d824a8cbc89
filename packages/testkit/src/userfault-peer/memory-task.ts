/** Whatever touches guest memory, and so may wait for a page: it runs on a thread of its own. */
export type MemoryTask =
  | { readonly do: 'read'; readonly offset: number; readonly length: number }
  | { readonly do: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly do: 'remove'; readonly offset: number; readonly length: number }
  | { readonly do: 'sum' }
  | { readonly do: 'save'; readonly path: string }
  | ({ readonly do: 'touch' } & Touching);

export interface Touching {
  /** `read` one byte of each page, or `write` its marker. */
  readonly mode: 'read' | 'write';
  readonly order: 'ascending' | 'random';
  /** Of the random order. */
  readonly seed: number;
  /** Only each page whose number is a multiple of it. */
  readonly every: number;
}

/** When the touching began and ended, of the clock that all threads of the machine share. */
export interface Touched {
  readonly beganNs: bigint;
  readonly endedNs: bigint;
}

/** A part of the guest's memory, in this process at `address`. */
export interface GuestRegion {
  readonly address: bigint;
  /** In the guest's memory, in bytes. */
  readonly offset: number;
  readonly length: number;
}

export const guestPageBytes = 4096;

/** Where in a page its marker is, and what it is: the same whoever writes it, so that threads may write at once. */
export const markerAt = 8;
export function markerOf(page: number): number {
  return (page * 151 + 83) & 0xff;
}
