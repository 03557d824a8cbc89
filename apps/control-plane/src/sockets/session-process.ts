import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describeError, WrennError } from '@wrenn/core';
import { KeptProcess, type Logger } from '@wrenn/service';
import { fromSessions, type Handover } from './handover.ts';
import { refuse } from './refuse.ts';
import type { Upgrades } from './upgrades.ts';

const program = fileURLToPath(new URL('../main.ts', import.meta.url));

/**
 * A process of its own for what people type and see. Its event loop does nothing else, so neither bodies of files nor
 * large answers of the API, which move through this one, hold up a keystroke. Connections are accepted here, where
 * their first request is read, and handed over with what of them was read already.
 */
export class SessionProcess implements Upgrades {
  readonly isSocket: (request: IncomingMessage) => boolean;
  readonly #log: Logger;
  readonly #process: KeptProcess;
  #handedOver = 0;

  constructor(isSocket: (request: IncomingMessage) => boolean, log: Logger) {
    this.isSocket = isSocket;
    this.#log = log;
    this.#process = new KeptProcess({
      name: 'the process of sessions',
      program,
      args: ['sessions'],
      log,
      onMessage: (message, child) => {
        const taken = fromSessions.safeParse(message);
        if (taken.success && child.connected) child.send({ type: 'go', id: taken.data.id });
      },
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (!(socket instanceof Socket) || !this.#process.isConnected) {
      refuse(
        socket,
        new WrennError('host_unavailable', 'sessions are not served at the moment', { remedy: 'try again' }),
      );
      return;
    }
    const { method = 'GET', url = '/', headers } = request;
    this.#handedOver += 1;
    const id = this.#handedOver;
    const handover: Handover = { type: 'upgrade', id, method, url, headers, head: head.toString('base64') };
    this.#process.send(handover, socket, (fault) => {
      if (fault === null) return;
      this.#log.warn({ cause: describeError(fault) }, 'handing a connection over');
      socket.destroy();
    });
  }

  /** Returns when it has ended, with its clients told. */
  async close(): Promise<void> {
    await this.#process.close();
  }
}
