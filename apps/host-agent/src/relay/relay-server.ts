import { createServer, type Server } from 'node:https';
import type { Relay } from './relay.ts';

/** A caller that takes longer to send its headers is cut off (R5). */
const headersMs = 10_000;
/** By how much later at the most. */
const checkMs = 2_000;
/** Connections that callers keep open outlive their own pools' idle time (R5). */
const idleMs = 620_000;
/** Those that edges take, with what they add to them. */
const maxHeaderSize = 64 * 1024 + 4096;

export interface RelayCredentials {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** The server of a relay, for those alone who have a certificate of this installation. */
export function relayServer(relay: Relay, credentials: RelayCredentials): Server {
  const server = createServer({
    ...credentials,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    headersTimeout: headersMs,
    connectionsCheckingInterval: checkMs,
    keepAliveTimeout: idleMs,
    requestTimeout: 0,
    maxHeaderSize,
  });
  server.on('request', (request, response) => void relay.request(request, response));
  server.on('checkContinue', (request, response) => void relay.request(request, response));
  server.on('checkExpectation', (request, response) => void relay.request(request, response));
  server.on('upgrade', (request, socket, head) => void relay.upgrade(request, socket, head));
  // What is no request has no answer: one of Node's own would be taken for the port's.
  server.on('clientError', (_fault, socket) => socket.destroy());
  return server;
}
