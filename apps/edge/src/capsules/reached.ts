import type { Destination, Exchanges } from '@wrenn/forward';

/** A capsule that can be reached now. */
export interface Reached {
  readonly exchanges: Exchanges;
  /** By what address the guest may know itself on its host. */
  readonly address: string;
  to(port: number): Destination;
}
