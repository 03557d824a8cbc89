import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { constants, createSecureServer, type Http2ServerResponse } from 'node:http2';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { WrennError } from '@wrenn/core';
import type { EdgeConfig } from './config.ts';
import type { Edge } from './edge.ts';

/** A client that takes longer to send its headers is cut off (R5). */
const headersMs = 10_000;
/** Longer than load balancers keep idle connections, so that it is never us who closes under a request (R5). */
const idleMs = 620_000;
/** Cookies and tokens of applications grow large. */
const maxHeaderSize = 64 * 1024;
/** Of one connection: a page has fewer, and each holds a connection to the capsule. */
const mostStreams = 256;

/** Bodies take as long as they take. */
const options = {
  headersTimeout: headersMs,
  requestTimeout: 0,
  keepAliveTimeout: idleMs,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize,
};

export interface EdgeServer {
  readonly server: Server;
  closeConnections(): void;
}

/** Certificate and key, in PEM. */
export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The server of requests for capsules: HTTP/1.1, or HTTPS with HTTP/2 beside it. */
export function edgeServer(edge: Edge, tls: Tls | undefined): EdgeServer {
  return tls === undefined ? plainServer(edge) : secureServer(edge, tls);
}

/** Throws `missing_prerequisite` for a half of the pair, or one that cannot be read. */
export async function readTls({
  tlsCertificate,
  tlsKey,
}: Pick<EdgeConfig, 'tlsCertificate' | 'tlsKey'>): Promise<Tls | undefined> {
  if (tlsCertificate === '' && tlsKey === '') return undefined;
  try {
    const [cert, key] = await Promise.all([readFile(tlsCertificate), readFile(tlsKey)]);
    return { cert, key };
  } catch (cause) {
    throw new WrennError('missing_prerequisite', "reading the edge's certificate and key", {
      cause,
      remedy: 'set both WRENN_EDGE_TLS_CERT and WRENN_EDGE_TLS_KEY to files in PEM, or neither',
    });
  }
}

function plainServer(edge: Edge): EdgeServer {
  const server = createServer({ ...options, shouldUpgradeCallback });
  server.on('request', (request, response) => void edge.request(request, response));
  // The guest says itself whether it wants the body.
  server.on('checkContinue', (request, response) => void edge.request(request, response));
  server.on('checkExpectation', (request, response) => void edge.request(request, response));
  server.on('upgrade', (request, socket, head) => void edge.upgrade(request, socket, head));
  server.on('connect', (_request, socket) => socket.destroy());
  return { server, closeConnections: () => server.closeAllConnections() };
}

/** WebSockets come over HTTP/1.1: browsers open a connection of its own for each, unless they are told otherwise. */
function secureServer(edge: Edge, tls: Tls): EdgeServer {
  const server = createSecureServer({
    ...tls,
    ...options,
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    settings: { maxConcurrentStreams: mostStreams, enableConnectProtocol: false },
    // A guest that says something twice is passed on as over HTTP/1.1; it is the client that has to make sense of it.
    strictSingleValueFields: false,
  });
  // What the options say is overwritten for a server of HTTP/2.
  Object.assign(server, { shouldUpgradeCallback });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.setTimeout(idleMs, () => session.close());
    session.once('close', () => sessions.delete(session));
  });
  server.on('request', (request, response) => void edge.request(request, response));
  server.on('checkContinue', (request, response) => void edge.request(request, response));
  server.on('checkExpectation', (request, response) => void edge.request(request, response));
  server.on('upgrade', (request, socket, head) => void edge.upgrade(request, socket, head));
  server.on('connect', (_request, client: Duplex | Http2ServerResponse) => {
    if ('stream' in client) client.stream.close(constants.NGHTTP2_CONNECT_ERROR);
    else client.destroy();
  });
  const connections = new Set<{ destroy(): void }>();
  server.on('secureConnection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  return {
    server,
    closeConnections() {
      for (const each of [...sessions, ...connections]) each.destroy();
    },
  };
}

/**
 * Whether a connection is to become something else; otherwise what it says of that is left out, and it is a request like
 * any other. HTTP/2 to the guest would be another protocol than the one that is looked at here, and the body of a request
 * would be the first bytes of the other protocol.
 */
function shouldUpgradeCallback({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const { upgrade, 'content-length': length = '0', 'transfer-encoding': coding } = headers;
  if (upgrade === undefined || coding !== undefined || Number(length) !== 0) return false;
  return !upgrade.split(',').some((protocol) => /^\s*(?:h2c?|http\/)/i.test(protocol));
}
