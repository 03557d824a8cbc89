import { type AgentOptions, Agent as HttpsAgent, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { HostId } from '@wrenn/core';
import { identityOfHost } from '@wrenn/service';
import type { AgentCredentials } from './credentials.ts';

const usualConnectMs = 10_000;

/** A pool of connections to one host, by mutual TLS. One that takes longer than `connectMs` to come to be is given up. */
export class HostConnections extends HttpsAgent {
  readonly #connectMs: number;

  constructor(id: HostId, credentials: AgentCredentials, connectMs: number = usualConnectMs) {
    super(optionsFor(id, credentials));
    this.#connectMs = connectMs;
  }

  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const socket = super.createConnection(options, callback);
    const late = () => socket?.destroy(Object.assign(new Error('connecting'), { code: 'ETIMEDOUT' }));
    const timer = setTimeout(late, this.#connectMs);
    for (const end of ['secureConnect', 'close']) socket?.once(end, () => clearTimeout(timer));
    return socket;
  }
}

function optionsFor(id: HostId, { ca, certificate, key }: AgentCredentials): AgentOptions {
  return {
    keepAlive: true,
    keepAliveMsecs: 30_000,
    maxFreeSockets: 16,
    minVersion: 'TLSv1.3',
    ca,
    cert: certificate,
    key,
    checkServerIdentity: identityOfHost(id),
  };
}
