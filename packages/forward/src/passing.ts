import type { Destination } from './destination.ts';
import type { Exchanges } from './exchanges.ts';
import type { OutsideView } from './headers/links.ts';
import type { RequestHead } from './headers/request-head.ts';

/** How one request is passed on. */
export interface Passing {
  readonly destination: Destination;
  readonly body: RequestHead['body'];
  /** As the guest gets it. */
  readonly path: string;
  /** For the guest: a flat list of names and values. */
  readonly headers: string[];
  readonly view: OutsideView;
  readonly exchanges: Exchanges;
}
