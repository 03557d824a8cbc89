import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Connection {
  readonly gone: AbortController;
  /** Of the requests that were not answered whole yet, with whether the client would go on after each. */
  readonly answers: Map<ServerResponse, boolean>;
}

/**
 * The server's open connections, and what goes on over each. A restored machine comes with connections whose other ends
 * are long gone or, worse, belong to the machine it was copied from: so none idles across a snapshot, and those that
 * were in use are reset after it.
 */
export class ConnectionTracker {
  readonly #open = new Map<Socket, Connection>();
  /** `once`: each answer is the last one of its connection. */
  #use: 'kept alive' | 'once' = 'kept alive';

  attach(server: Server): void {
    server.on('connection', (socket: Socket) => {
      const connection: Connection = { gone: new AbortController(), answers: new Map() };
      this.#open.set(socket, connection);
      socket.once('close', () => {
        this.#open.delete(socket);
        connection.gone.abort();
      });
    });
    // Before the handler, which may answer at once.
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#begin(request.socket, response);
    });
  }

  /** Aborts when `socket` is closed. */
  goneSignal(socket: Socket): AbortSignal {
    return this.#open.get(socket)?.gone.signal ?? AbortSignal.abort();
  }

  /** Closes the connections that idle, at once, and from now on each of the others when its answer is complete. */
  closeIdle(): void {
    this.#use = 'once';
    for (const [socket, { answers }] of this.#open) {
      if (answers.size === 0) socket.destroy();
      for (const answer of answers.keys()) answer.shouldKeepAlive = false;
    }
  }

  /** Connections may idle again, those of requests that were not answered yet too. */
  keepAlive(): void {
    if (this.#use === 'kept alive') return;
    this.#use = 'kept alive';
    for (const { answers } of this.#open.values()) {
      for (const [answer, goesOn] of answers) answer.shouldKeepAlive = goesOn;
    }
  }

  /** Resets every connection but `kept`, and says how many there were. One packet each, and nothing waits for them. */
  closeAllBut(kept: Socket): number {
    const others = [...this.#open.keys()].filter((socket) => socket !== kept);
    for (const socket of others) socket.resetAndDestroy();
    return others.length;
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #begin(socket: Socket, response: ServerResponse): void {
    const answers = this.#open.get(socket)?.answers;
    answers?.set(response, response.shouldKeepAlive);
    if (this.#use === 'once') response.shouldKeepAlive = false;
    response.once('close', () => {
      answers?.delete(response);
      // Its head had gone out before connections were to be used once, so that Node keeps it.
      if (this.#use === 'once' && answers?.size === 0) socket.end();
    });
  }
}
