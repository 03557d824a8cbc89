import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { firecrackerApi } from './api-description.ts';
import type { Answer, FakeMachine } from './state.ts';
import { validateRequest } from './validate.ts';

/** One request as it came, and what it was answered; 0: nothing. */
export interface JournalEntry {
  readonly call: string;
  readonly body: unknown;
  readonly status: number;
  readonly fault?: string;
}

interface Listener {
  /** Called before the answer is sent. */
  readonly note: (entry: JournalEntry) => void;
  readonly exit: (code: number) => void;
}

type Reply = Pick<Answer, 'exits'> & {
  readonly status: number;
  readonly body?: unknown;
  readonly message?: string;
};

/** Firecracker's API over HTTP. Requests are served one after the other, in whatever order connections bring them. */
export class ApiServer {
  readonly #machine: FakeMachine;
  readonly #listener: Listener;
  #last: Promise<unknown> = Promise.resolve();
  #isDeaf = false;

  constructor(machine: FakeMachine, listener: Listener) {
    this.#machine = machine;
    this.#listener = listener;
  }

  listen(socketPath: string): Server {
    const server = createServer((request, response) => {
      this.#last = this.#last.then(() => this.#serve(request, response));
    });
    return server.listen(socketPath);
  }

  /** From now on no request is answered. */
  hang(): void {
    this.#isDeaf = true;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const body = await text(request).catch(() => undefined);
    // Who asked has gone before it had said all.
    if (body === undefined) return;
    if (this.#isDeaf) {
      this.#listener.note({ call: `${method} ${url}`, body: readable(body), status: 0 });
      return;
    }
    const { exits, ...reply } = await this.#reply(method, url, body);
    const fault = reply.message === undefined ? {} : { fault: reply.message };
    this.#listener.note({ call: `${method} ${url}`, body: readable(body), status: reply.status, ...fault });
    const answer = reply.message === undefined ? reply.body : { fault_message: reply.message };
    const sent = answer === undefined ? '' : JSON.stringify(answer);
    response.writeHead(reply.status, { 'Content-Type': 'application/json', Server: 'Fake Firecracker API' });
    response.end(sent, () => exits !== undefined && this.#listener.exit(exits));
  }

  async #reply(method: string, path: string, body: string): Promise<Reply> {
    const verdict = validateRequest(firecrackerApi, { method, path, body });
    return 'refused' in verdict ? verdict.refused : await this.#machine.handle(verdict.call);
  }
}

function readable(body: string): unknown {
  try {
    return body === '' ? undefined : JSON.parse(body);
  } catch {
    return body;
  }
}
