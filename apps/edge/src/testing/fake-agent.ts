import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { CapsuleId } from '@wrenn/core';
import { readFromForwarder, type ToForwarder, writeMessage } from '@wrenn/forward';

/** Tells the edges on this machine what runs on it, as a host's agent does. */
export class FakeAgent implements AsyncDisposable {
  readonly #server: Server;
  readonly #edges = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => undefined);
      readFromForwarder(socket, ({ type }) => {
        if (type !== 'hello') return;
        this.#edges.add(socket);
        writeMessage(socket, { type: 'complete' });
      });
    });
  }

  static async open(path: string): Promise<FakeAgent> {
    const agent = new FakeAgent();
    await once(agent.#server.listen(path), 'listening');
    return agent;
  }

  serve(id: CapsuleId, address: string, state: 'open' | 'held' = 'open'): void {
    this.#tell({ type: 'serve', id, address, state });
  }

  drop(id: CapsuleId): void {
    this.#tell({ type: 'drop', id });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const edge of this.#edges) edge.destroy();
    await once(this.#server, 'close');
  }

  #tell(message: ToForwarder): void {
    for (const edge of this.#edges) writeMessage(edge, message);
  }
}
