import { WrennError } from '@wrenn/core';
import { Outcome } from '@wrenn/protocol/hostagent';
import {
  FakeAgentServer,
  type FakeHostTls,
  type FakeService,
  guarded,
  toConnect,
} from './fake-agent-server.ts';

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
  #server: FakeAgentServer | undefined;

  static async start(tls: FakeHostTls, port = 0): Promise<FakePausingHost> {
    const host = new FakePausingHost();
    host.#server = await FakeAgentServer.start(tls, host.#service(), port);
    return host;
  }

  get address(): string {
    return this.#server?.address ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  #service(): FakeService {
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
      listPorts: ({ sandboxId }) => {
        this.#require(sandboxId);
        return { ports: [3000, 8000] };
      },
      listSnapshots: () => ({ snapshots: [] }),
      listImages: () => ({ images: [] }),
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
    await guarded(() => this.before(call));
    this.capsules.set(id, to);
  }

  #require(id: string): void {
    if (this.capsules.get(id) !== 'running') throw toConnect(new WrennError('invalid_state', 'is paused'));
  }
}
