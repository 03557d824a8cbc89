import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers for the capsule's variables, to who has the token. */
export class FakeEnvd implements AsyncDisposable {
  variables: Readonly<Record<string, string>> = {};
  readonly #server = createServer((request, response) => {
    const isAllowed = request.url === '/envs' && request.headers['x-access-token'] === 'token';
    response.writeHead(isAllowed ? 200 : 401, { 'content-type': 'application/json' });
    response.end(isAllowed ? JSON.stringify(this.variables) : '{}');
  });

  async listen(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
