import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { TLSSocket } from 'node:tls';

/** The name in the certificate that the control plane shows. */
const callerName = 'wrenn-cp';
/** A caller that takes longer to send its headers is cut off (R5). */
const headersMs = 10_000;
/** By how much later at the most. */
const checkMs = 2_000;
/** Connections that the control plane keeps open outlive its own pool's idle time (R5). */
const idleMs = 620_000;

export interface AgentCredentials {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** The agent's server, by mutual TLS: `handle` is for the control plane, and nobody else gets past the handshake. */
export function agentServer(handle: RequestListener, credentials: AgentCredentials): Server {
  return createServer(
    {
      ...credentials,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      headersTimeout: headersMs,
      connectionsCheckingInterval: checkMs,
      keepAliveTimeout: idleMs,
      requestTimeout: 0,
    },
    (request, response) => {
      const { socket } = request;
      if (socket instanceof TLSSocket && socket.getPeerCertificate().subject?.CN === callerName) {
        handle(request, response);
        return;
      }
      // A certificate of our CA, but a host's.
      response.writeHead(403).end();
    },
  );
}
