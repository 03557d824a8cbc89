import type { LiveAction } from '@wrenn/core/live-kinds';

/** Something that a page shows has changed. What else the server says depends on the kind (docs/live.md). */
export interface LiveChange {
  readonly action: LiveAction;
  readonly id?: string;
  readonly [fact: string]: unknown;
}
