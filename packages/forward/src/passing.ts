import type { Destination } from './destination.ts';
import type { Exchanges } from './exchanges.ts';
import type { ForwardFault } from './forward-fault.ts';
import type { RequestHead } from './headers/request-head.ts';

/** How one request is passed on. */
export interface Passing {
  readonly destination: Destination;
  readonly body: RequestHead['body'];
  /** As the guest gets it. */
  readonly path: string;
  /** For the guest: a flat list of names and values. */
  readonly headers: string[];
  /** The headers of the answer as the client gets them; a flat list of names and values, as it comes in. */
  readonly answerHeaders: (rawHeaders: readonly string[]) => string[];
  /** The subprotocol of a WebSocket that the client is told of, if the guest chooses none. */
  readonly subprotocol?: string | undefined;
  /** Why what answered is not the port itself, but somebody on the way who could not reach it. */
  readonly faultIn?: (rawHeaders: readonly string[]) => ForwardFault | undefined;
  readonly exchanges: Exchanges;
}
