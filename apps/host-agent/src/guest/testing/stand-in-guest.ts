import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { Process } from '@wrenn/protocol/process';

interface Heard {
  readonly path: string;
  /** The connection that it came by. */
  readonly socket: Socket;
}

/** `never`: it is heard, and that is all. A promise: as usual, after that. */
type Answer = 'never' | 'usual' | Promise<void>;

/**
 * An HTTP server in the place of a guest's daemon, that shows who asks it what by which connection. Its processes go on
 * until their readers leave.
 */
export class StandInGuest implements AsyncDisposable {
  readonly heard: Heard[] = [];
  /** How it answers, by path; `usual` where nothing is said. */
  readonly answers = new Map<string, Answer>();
  readonly #server: Server;
  readonly #rpc = connectNodeAdapter({ routes: (router) => router.service(Process, processes) });

  private constructor() {
    this.#server = createServer((request, response) => {
      const [path = ''] = (request.url ?? '').split('?', 1);
      this.heard.push({ path, socket: request.socket });
      void this.#answer(path, request, response);
    });
    this.#server.on('checkContinue', (request, response) => {
      response.writeContinue();
      this.#server.emit('request', request, response);
    });
  }

  static async start(): Promise<StandInGuest> {
    const guest = new StandInGuest();
    guest.#server.listen(0, '127.0.0.1');
    await once(guest.#server, 'listening');
    return guest;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How often it was asked for `path`. */
  times(path: string): number {
    return this.heard.filter((each) => each.path === path).length;
  }

  /** The connections by which `paths` were asked for. */
  socketsOf(...paths: string[]): Set<Socket> {
    return new Set(this.heard.filter(({ path }) => paths.includes(path)).map(({ socket }) => socket));
  }

  async #answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = this.answers.get(path) ?? 'usual';
    if (answer === 'never') return;
    await answer;
    if (path.startsWith('/process.')) this.#rpc(request, response);
    else if (path === '/init') response.writeHead(200).end('{"version":"1"}');
    else response.writeHead(204).end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

const processes: Partial<ServiceImpl<typeof Process>> = {
  list: () => ({ processes: [] }),
  sendSignal: () => ({}),
  async *connect(_request, { signal }) {
    yield { event: { event: { case: 'start', value: { pid: 7 } } } };
    if (!signal.aborted) await once(signal, 'abort');
  },
};
