import type { TouchAll } from './guest-memory.ts';
import type { OddHandover } from './handover.ts';

/** One line of JSON each, `open` first. They are done as they come, and answered as they end. */
export type PeerCommand =
  | ({ readonly do: 'open' } & PeerOpening)
  | { readonly do: 'read'; readonly offset: number; readonly length: number }
  | { readonly do: 'write'; readonly offset: number; readonly base64: string }
  | { readonly do: 'remove'; readonly offset: number; readonly length: number }
  | { readonly do: 'sum' }
  | { readonly do: 'save'; readonly path: string }
  | ({ readonly do: 'touch' } & TouchAll);

export type PeerAnswer =
  | { readonly id: number; readonly ok: unknown }
  | { readonly id: number; readonly error: string };

export interface PeerOpening {
  /** Of the regions, in bytes. */
  readonly lengths: readonly number[];
  readonly backing:
    | { readonly kind: 'anonymous' }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'handed over'; readonly socketPath: string; readonly odd?: OddHandover };
  /** Whom it becomes before it connects. */
  readonly as?: { readonly uid: number; readonly gid: number };
  /** That it ever touches its memory with at once; 2 where nothing is said. */
  readonly threads?: number;
}

/** Where a region is in the peer; the address is text, since not all of them are exact as JSON's numbers. */
export interface PeerRegion {
  readonly address: string;
  readonly offset: number;
  readonly length: number;
}
