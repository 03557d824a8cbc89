import { createServer } from 'node:https';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { WrennError } from '@wrenn/core';
import { HostAgentService, Outcome } from '@wrenn/protocol/hostagent';
import type { FakeHostTls } from '@wrenn/testkit';

type Status = 'starting' | 'running' | 'paused' | 'error';

/** A host's agent that pauses: real TLS and RPC, and behind it words in a map. It shows nothing about machines. */
export class FakePausingHost implements AsyncDisposable {
  readonly capsules = new Map<string, Status>();
  readonly autoPaused = new Set<string>();
  /** What was asked for, in order. */
  readonly calls: string[] = [];
  /** Runs before each pause or resume; throw to make it fail. */
  before: (call: string) => Promise<void> = async () => {};
  receipt = '{"clock_ms":1.5}';
  epoch: string = crypto.randomUUID();
  readonly #server;

  private constructor({ ca, certificate: cert, key }: FakeHostTls) {
    this.#server = createServer(
      { ca, cert, key, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
      connectNodeAdapter({ routes: (router) => router.service(HostAgentService, this.#service()) }),
    );
  }

  static async start(tls: FakeHostTls): Promise<FakePausingHost> {
    const host = new FakePausingHost(tls);
    const listening = Promise.withResolvers<void>();
    host.#server.once('error', listening.reject);
    host.#server.listen(0, '127.0.0.1', listening.resolve);
    await listening.promise;
    return host;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the fake host does not listen');
    return `127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }

  #service(): Partial<ServiceImpl<typeof HostAgentService>> {
    return {
      createSandbox: ({ sandboxId }) => {
        this.calls.push('create');
        this.capsules.set(sandboxId, 'running');
        return { sandboxId, status: 'running', hostIp: '10.11.0.1' };
      },
      destroySandbox: ({ sandboxId }) => {
        this.capsules.delete(sandboxId);
        return {};
      },
      pauseSandbox: async ({ sandboxId }) => {
        await this.#move('pause', sandboxId, 'paused');
        return { steps: [{ name: 'memory', durationMs: 2 }], stillMs: 1.234, memoryBytes: 5n, diskBytes: 6n };
      },
      resumeSandbox: async ({ sandboxId, timeoutSec }) => {
        await this.#move(timeoutSec === undefined ? 'resume' : `resume ${timeoutSec}`, sandboxId, 'running');
        return { hostIp: '10.11.0.2', steps: [{ name: 'restore', durationMs: 3 }], receipt: this.receipt };
      },
      pingSandbox: ({ sandboxId }) => {
        this.#require(sandboxId);
        this.calls.push('ping');
        return {};
      },
      exec: ({ sandboxId }) => {
        this.#require(sandboxId);
        return { exitCode: 0, outcome: Outcome.EXITED };
      },
      listSnapshots: () => ({ snapshots: [] }),
      listSandboxes: () => ({
        epoch: this.epoch,
        autoPausedSandboxIds: [...this.autoPaused],
        sandboxes: [...this.capsules].map(([sandboxId, status]) => ({
          sandboxId,
          status,
          createdAtUnix: BigInt(Math.floor(Date.now() / 1000)),
        })),
      }),
      getHost: () => ({ cpuCores: 4, memoryMb: 16_384, diskGb: 200, templates: ['minimal'], engine: 'fake' }),
    };
  }

  async #move(call: string, id: string, to: Status): Promise<void> {
    this.calls.push(call);
    try {
      await this.before(call);
    } catch (thrown) {
      throw thrown instanceof WrennError ? toConnect(thrown) : thrown;
    }
    this.capsules.set(id, to);
  }

  #require(id: string): void {
    if (this.capsules.get(id) !== 'running') throw toConnect(new WrennError('invalid_state', 'is paused'));
  }
}

/** As the real agent tells its errors. */
function toConnect(error: WrennError): ConnectError {
  return new ConnectError(error.message, Code.Internal, new Headers({ 'wrenn-error-code': error.code }));
}
