import { createServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { describeError, WrennError } from '@wrenn/core';
import { HostAgentService } from '@wrenn/protocol/hostagent';
import { type ListenAddress, type Logger, listen } from '@wrenn/service';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { settings } from '../config.ts';
import { capsuleService } from './capsule-service.ts';
import { toConnect } from './connect-errors.ts';
import { readHostCredentials } from './credentials.ts';

/** The name in the certificate that the control plane shows. */
const callerName = 'wrenn-cp';
/** Connections that the control plane keeps open outlive its own pool's idle time. */
const idleMs = 620_000;

export interface RpcServer {
  readonly address: string;
  /** Ends the calls that are under way. */
  close(): Promise<void>;
}

/** Serves the control plane over mutual TLS; nobody else gets past the handshake. */
export async function serveRpc(
  context: CapsuleContext,
  options: {
    readonly listenAddress: ListenAddress;
    readonly pkiDirectory: string;
    readonly relay: { readonly port: number | undefined };
    readonly signal: AbortSignal;
  },
): Promise<RpcServer> {
  const handler = connectNodeAdapter({
    routes: (router) =>
      router.service(HostAgentService, capsuleService(context, options.relay, options.signal)),
    interceptors: [errors(context.log)],
    // Nothing here is large but input of a command, which the control plane bounds too.
    readMaxBytes: 32 * 1024 * 1024,
  });
  const server = createServer(
    {
      ...(await readHostCredentials(options.pkiDirectory)),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      headersTimeout: 10_000,
      keepAliveTimeout: idleMs,
      requestTimeout: 0,
    },
    (request, response) => {
      if (
        request.socket instanceof TLSSocket &&
        request.socket.getPeerCertificate().subject?.CN === callerName
      ) {
        handler(request, response);
        return;
      }
      // A certificate of our CA, but a host's.
      response.writeHead(403).end();
    },
  );
  const address = await listen(server, options.listenAddress, settings.listenAddress.variable);
  return {
    address,
    async close() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

/** The one place where an error becomes an answer, and is logged. */
function errors(log: Logger): Interceptor {
  return (next) => async (call) => {
    try {
      const response = await next(call);
      if (!response.stream) return response;
      return { ...response, message: guarded(response.message, log, call.method.name) };
    } catch (thrown) {
      throw answer(thrown, log, call.method.name);
    }
  };
}

async function* guarded<T>(messages: AsyncIterable<T>, log: Logger, method: string): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (thrown) {
    throw answer(thrown, log, method);
  }
}

/** What a call was about, for people who never see its name. */
const doings: Readonly<Record<string, string>> = {
  CreateSandbox: 'creating the capsule',
  DestroySandbox: 'destroying the capsule',
  PauseSandbox: 'pausing the capsule',
  ResumeSandbox: 'resuming the capsule',
  SnapshotSandbox: 'taking the snapshot',
  ForkSandbox: 'forking the capsule',
  DeleteSnapshot: 'deleting the snapshot',
  Exec: 'running the command',
  ExecStream: 'running the command',
};

function answer(thrown: unknown, log: Logger, method: string): ConnectError {
  if (thrown instanceof ConnectError && thrown.code !== Code.Unknown) return thrown;
  const error = WrennError.from(thrown, doings[method] ?? method);
  const level = error.code === 'internal_error' || error.code === 'agent_error' ? 'error' : 'info';
  log[level]({ method, code: error.code, cause: describeError(thrown) }, error.message);
  return toConnect(error);
}
