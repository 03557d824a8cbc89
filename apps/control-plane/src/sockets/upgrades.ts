import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** Who takes connections over that are to become WebSockets. */
export interface Upgrades {
  /** Whether the path of this request is one that a socket is opened for. */
  isSocket(request: IncomingMessage): boolean;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells all clients to come back later, and takes no more. */
  close(): Promise<void>;
}
