import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { describeError, WrennError } from '@wrenn/core';
import { HostAgentService } from '@wrenn/protocol/hostagent';
import { type ListenAddress, type Logger, listen } from '@wrenn/service';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { settings } from '../config.ts';
import { agentServer } from './agent-server.ts';
import { capsuleService, type ServedBeside } from './capsule-service.ts';
import { toConnect } from './connect-errors.ts';
import { readHostCredentials } from './credentials.ts';

export interface RpcServer {
  readonly address: string;
  /** Ends the calls that are under way. */
  close(): Promise<void>;
}

/** Serves the control plane over mutual TLS. */
export async function serveRpc(
  context: CapsuleContext,
  options: ServedBeside & {
    readonly listenAddress: ListenAddress;
    readonly pkiDirectory: string;
    readonly signal: AbortSignal;
  },
): Promise<RpcServer> {
  const handler = connectNodeAdapter({
    routes: (router) => router.service(HostAgentService, capsuleService(context, options, options.signal)),
    interceptors: [errors(context.log)],
    // Nothing here is large but input of a command, which the control plane bounds too.
    readMaxBytes: 32 * 1024 * 1024,
  });
  const server = agentServer(handler, await readHostCredentials(options.pkiDirectory));
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
  GetSandboxMetrics: 'reading the metrics of the capsule',
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
