import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { abortable, deadline, describeError, WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { fromSessions, type Handover } from './handover.ts';
import { refuse } from './refuse.ts';
import type { Upgrades } from './upgrades.ts';

const program = fileURLToPath(new URL('../main.ts', import.meta.url));
/** For its clients to be told that they should come back. */
const stopMs = 5_000;
const firstRestartMs = 100;
const longestRestartMs = 5_000;

/**
 * A process of its own for what people type and see. Its event loop does nothing else, so neither bodies of files nor
 * large answers of the API, which move through this one, hold up a keystroke. Connections are accepted here, where
 * their first request is read, and handed over with what of them was read already.
 */
export class SessionProcess implements Upgrades {
  readonly isSocket: (request: IncomingMessage) => boolean;
  readonly #log: Logger;
  #child: ChildProcess;
  #state: 'running' | 'stopping' = 'running';
  #restartMs = firstRestartMs;
  #handedOver = 0;

  constructor(isSocket: (request: IncomingMessage) => boolean, log: Logger) {
    this.isSocket = isSocket;
    this.#log = log;
    this.#child = this.#start();
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (!(socket instanceof Socket) || !this.#child.connected) {
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
    this.#child.send(handover, socket, (fault) => {
      if (fault === null) return;
      this.#log.warn({ cause: describeError(fault) }, 'handing a connection over');
      socket.destroy();
    });
  }

  /** Returns when it has ended, with its clients told. */
  async close(): Promise<void> {
    this.#state = 'stopping';
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // Told by the end of the channel, as when this process dies.
    if (child.connected) child.disconnect();
    using limit = deadline(stopMs, 'ending the sessions');
    await abortable(ended, limit).catch(async () => {
      child.kill('SIGKILL');
      await ended;
    });
  }

  #start(): ChildProcess {
    const began = performance.now();
    const child = fork(program, ['sessions'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.on('message', (message: unknown) => {
      const taken = fromSessions.safeParse(message);
      if (taken.success && child.connected) child.send({ type: 'go', id: taken.data.id });
    });
    child.on('error', (fault) => this.#log.error({ cause: describeError(fault) }, 'the process of sessions'));
    child.once('exit', (code, signal) => {
      if (this.#state === 'stopping') return;
      this.#log.error({ code, signal }, 'the process of sessions ended; starting it again');
      if (performance.now() - began > longestRestartMs) this.#restartMs = firstRestartMs;
      setTimeout(() => {
        if (this.#state === 'running') this.#child = this.#start();
      }, this.#restartMs);
      this.#restartMs = Math.min(longestRestartMs, this.#restartMs * 2);
    });
    return child;
  }
}
