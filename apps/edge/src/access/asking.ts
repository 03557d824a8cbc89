import type { IncomingHttpHeaders } from 'node:http';

/** What of a request decides whether it is let in, beside what it is for. */
export interface Asking {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  /** What the connection is to become, if anything. */
  readonly upgrade: string | undefined;
  readonly host: string;
  /** As the client sees it. */
  readonly protocol: 'http' | 'https';
}
