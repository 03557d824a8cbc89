import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describeError, WrennError } from '@wrenn/core';
import { KeptProcess, type Logger } from '@wrenn/service';
import { fromSessions, type Handover } from './handover.ts';
import { refuse } from './refuse.ts';
import type { Upgrades } from './upgrades.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
/** For the process to say that it has a connection; one that died, or is stuck, never does. */
const takeMs = 10_000;

interface Untaken {
  readonly socket: Socket;
  readonly late: NodeJS.Timeout;
}

/**
 * A process of its own for what people type and see. Its event loop does nothing else, so neither bodies of files nor
 * large answers of the API, which move through this one, hold up a keystroke. Connections are accepted here, where
 * their first request is read, and handed over with what of them was read already.
 */
export class SessionProcess implements Upgrades {
  readonly isSocket: (request: IncomingMessage) => boolean;
  readonly #log: Logger;
  readonly #process: KeptProcess;
  readonly #takeMs: number;
  readonly #untaken = new Map<number, Untaken>();
  #handedOver = 0;

  constructor(
    isSocket: (request: IncomingMessage) => boolean,
    log: Logger,
    options: { readonly program?: string; readonly takeMs?: number } = {},
  ) {
    this.isSocket = isSocket;
    this.#log = log;
    this.#takeMs = options.takeMs ?? takeMs;
    this.#process = new KeptProcess({
      name: 'the process of sessions',
      traceName: 'wrenn-sessions',
      program: options.program ?? main,
      args: ['sessions'],
      log,
      onMessage: (message, child) => {
        const taken = fromSessions.safeParse(message);
        if (!taken.success) return;
        const { id } = taken.data;
        this.#letGo(id, () => {
          if (child.connected) child.send({ type: 'go', id });
        });
      },
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (!(socket instanceof Socket) || !this.#process.isConnected) {
      notServed(socket);
      return;
    }
    const { method = 'GET', url = '/', headers } = request;
    this.#handedOver += 1;
    const id = this.#handedOver;
    const handover: Handover = { type: 'upgrade', id, method, url, headers, head: head.toString('base64') };
    const late = setTimeout(() => this.#giveUp(id, 'it was not taken'), this.#takeMs);
    this.#untaken.set(id, { socket, late });
    socket.once('close', () => this.#forget(id));
    // Or else Node's server, when it closes, asks the process that it was sent to whether it is done with it, and waits for
    // an answer for ever where that process has ended (lib/internal/child_process.js of Node 24: SocketListSend).
    Reflect.set(socket, 'server', null);
    this.#process.send(handover, socket, (fault) => {
      if (fault !== null) this.#giveUp(id, describeError(fault));
    });
  }

  /** Returns when it has ended, with its clients told. */
  async close(): Promise<void> {
    await this.#process.close();
    for (const id of this.#untaken.keys()) this.#giveUp(id, 'sessions are not served any more');
  }

  /** Closes our copy of a connection, which goes on in the other process, and then calls `then`. */
  #letGo(id: number, then: () => void): void {
    const socket = this.#forget(id);
    // It was given up; the other process finds its client gone.
    if (socket === undefined) {
      then();
      return;
    }
    socket.once('close', then);
    socket.destroy();
  }

  #giveUp(id: number, cause: string): void {
    const socket = this.#forget(id);
    if (socket === undefined) return;
    this.#log.warn({ cause }, 'handing a connection over');
    notServed(socket);
  }

  #forget(id: number): Socket | undefined {
    const untaken = this.#untaken.get(id);
    clearTimeout(untaken?.late);
    this.#untaken.delete(id);
    return untaken?.socket;
  }
}

function notServed(socket: Duplex): void {
  refuse(
    socket,
    new WrennError('host_unavailable', 'sessions are not served at the moment', { remedy: 'try again' }),
  );
}
