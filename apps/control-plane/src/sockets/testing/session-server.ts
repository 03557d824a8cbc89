import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Cleanup } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { type FakeProgram, FakeSessionHost } from '@wrenn/testkit';
import { startTestServer, type TestServer } from '../../testing/test-server.ts';
import { socketRoutes } from '../socket-routes.ts';
import { type SocketLimits, Sockets } from '../sockets.ts';
import { SocketClient } from './socket-client.ts';

interface Opened {
  readonly socket: SocketClient;
  readonly program: FakeProgram;
}

/** A control plane with one capsule of a fake host, and sockets whose limits a test may set. */
export class SessionServer implements AsyncDisposable {
  readonly server: TestServer<FakeSessionHost>;
  readonly capsuleId: string;
  /** Of the capsule, below which its sockets are. */
  readonly url: string;
  readonly sockets: Sockets;
  readonly #cleanup: Cleanup;

  private constructor(
    server: TestServer<FakeSessionHost>,
    sockets: Sockets,
    at: { readonly capsuleId: string; readonly port: number },
    cleanup: Cleanup,
  ) {
    this.server = server;
    this.sockets = sockets;
    this.capsuleId = at.capsuleId;
    this.url = `http://127.0.0.1:${at.port}/v1/capsules/${at.capsuleId}`;
    this.#cleanup = cleanup;
  }

  static async start(databaseUrl: string, limits: Partial<SocketLimits> = {}): Promise<SessionServer> {
    const cleanup = new Cleanup();
    try {
      const server = await startTestServer({
        databaseUrl,
        startAgent: (tls) => FakeSessionHost.start(tls),
      });
      await cleanup.add('the server', async () => await server[Symbol.asyncDispose]());
      const client = new WrennClient({ baseUrl: server.url, apiKey: server.apiKey });
      const { id } = await client.capsules.create();
      const sockets = new Sockets(server.controlPlane.context, socketRoutes, limits);
      const listener = createServer().on('upgrade', (request, socket, head) =>
        sockets.upgrade(request, socket, head),
      );
      await once(listener.listen(0, '127.0.0.1'), 'listening');
      await cleanup.add('the listener', () => void listener.close());
      await cleanup.add('the sockets', () => sockets.close());
      const { port } = listener.address() as AddressInfo;
      return new SessionServer(server, sockets, { capsuleId: id, port }, cleanup);
    } catch (thrown) {
      await cleanup.release();
      throw thrown;
    }
  }

  /** A socket of the capsule, with the key. */
  async open(path: string): Promise<SocketClient> {
    return await SocketClient.open(`${this.url}${path}`, { 'x-api-key': this.server.apiKey });
  }

  async terminal(start: object = {}): Promise<Opened> {
    return await this.#begin('/pty', start, 'started');
  }

  async command(start: object = {}): Promise<Opened> {
    return await this.#begin('/exec/stream', { cmd: 'fake', ...start }, 'start');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.release();
  }

  async #begin(path: string, start: object, answer: string): Promise<Opened> {
    const socket = await this.open(path);
    socket.send({ type: 'start', ...start });
    const { pid } = await socket.frame(answer);
    const program = this.server.agent.programs.find((known) => known.pid === pid);
    if (program === undefined) throw new Error(`no program ${String(pid)}`);
    return { socket, program };
  }
}
