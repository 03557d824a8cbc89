import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { type ErrorCode, WrennError } from '@wrenn/core';
import { HostAgentService } from '@wrenn/protocol/hostagent';

/** What a server shows and trusts; PEM. */
export interface FakeHostTls {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Calls that a fake leaves out answer `unimplemented`. */
export type FakeService = Partial<ServiceImpl<typeof HostAgentService>>;

/** The real part of every fake of a host's agent: TLS and RPC as the control plane meets them. */
export class FakeAgentServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Listens on 127.0.0.1; the certificate has to be for that address. `port` 0 is any free one. `relay` answers for the
   * files of guests, if the service says that its relay is here.
   */
  static async start(
    { ca, certificate: cert, key }: FakeHostTls,
    service: FakeService,
    port = 0,
    relay?: RequestListener,
  ): Promise<FakeAgentServer> {
    const calls = connectNodeAdapter({ routes: (router) => router.service(HostAgentService, service) });
    const server = createServer(
      { ca, cert, key, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
      (request, response) => {
        if (relay !== undefined && request.url?.startsWith('/guest/')) relay(request, response);
        else calls(request, response);
      },
    );
    const listening = Promise.withResolvers<void>();
    server.once('error', listening.reject);
    server.listen(port, '127.0.0.1', listening.resolve);
    await listening.promise;
    return new FakeAgentServer(server);
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the fake agent does not listen');
    return `127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }
}

/** Runs `work`; its faults are told as the real agent tells them. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw thrown instanceof WrennError ? toConnect(thrown) : thrown;
  }
}

const rpcCodes: Partial<Record<ErrorCode, Code>> = {
  not_found: Code.NotFound,
  invalid_state: Code.FailedPrecondition,
  no_space: Code.ResourceExhausted,
};

/** As the real agent tells its errors. */
export function toConnect(error: WrennError): ConnectError {
  const headers = new Headers({ 'wrenn-error-code': error.code });
  if (error.remedy !== undefined) headers.set('wrenn-error-remedy', encodeURIComponent(error.remedy));
  return new ConnectError(error.message, rpcCodes[error.code] ?? Code.Internal, headers);
}
