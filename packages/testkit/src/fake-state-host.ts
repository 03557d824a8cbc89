import { WrennError } from '@wrenn/core';
import type {
  CreateSandboxRequest,
  ForkSandboxRequest,
  SnapshotSandboxRequest,
} from '@wrenn/protocol/hostagent';
import {
  FakeAgentServer,
  type FakeHostTls,
  type FakeService,
  guarded,
  toConnect,
} from './fake-agent-server.ts';
import type { FakeHostFacts } from './fake-host-agent.ts';

interface FakeMachine {
  readonly vcpus: number;
  readonly memoryMb: number;
  status: 'running' | 'paused';
  readonly createdAtMs: number;
  /** What it was made from, as the host was told. */
  readonly request: CreateSandboxRequest | undefined;
}

interface FakeSnapshot {
  readonly vcpus: number;
  readonly memoryMb: number;
  createdAtMs: number;
}

const facts = {
  kernel_version: '6.1',
  vmm_version: 'fake 1',
  agent_version: '0',
  engine: 'fake',
  isolation: 'emulated',
};

/**
 * A host's agent that copies capsules: real TLS and RPC, and behind it machines and snapshots that are entries of maps. It
 * shows nothing about machines.
 */
export class FakeStateHost implements AsyncDisposable {
  readonly capsules = new Map<string, FakeMachine>();
  readonly snapshots = new Map<string, FakeSnapshot>();
  /** Run before each of these answers; throw to make it fail. */
  beforeSnapshot: (request: SnapshotSandboxRequest) => Promise<void> = async () => {};
  beforeFork: (request: ForkSandboxRequest) => Promise<void> = async () => {};
  /** The fault of the nth child of a fork. */
  childFault: (index: number) => WrennError | undefined = () => undefined;
  /** Makes deleting a snapshot fail. */
  deleteFault: WrennError | undefined;
  /** How often the state of a capsule was copied. */
  copies = 0;
  epoch: string = crypto.randomUUID();
  facts: FakeHostFacts = { cpuCores: 4, memoryMb: 16_384, diskGb: 200, templates: ['minimal'] };
  #server: FakeAgentServer | undefined;

  static async start(tls: FakeHostTls, port = 0): Promise<FakeStateHost> {
    const host = new FakeStateHost();
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
      createSandbox: (request) => {
        const snapshot = request.snapshotId === '' ? undefined : this.#snapshot(request.snapshotId);
        const { vcpus, memoryMb } = snapshot ?? request;
        const machine = { vcpus, memoryMb, status: 'running', createdAtMs: Date.now(), request } as const;
        this.capsules.set(request.sandboxId, { ...machine });
        return { sandboxId: request.sandboxId, status: 'running', hostIp: '10.11.0.1', metadata: facts };
      },
      destroySandbox: ({ sandboxId }) => {
        this.capsules.delete(sandboxId);
        return {};
      },
      snapshotSandbox: (request) => guarded(() => this.#copy(request)),
      forkSandbox: (request) => guarded(() => this.#fork(request)),
      deleteSnapshot: ({ snapshotId }) => {
        if (this.deleteFault !== undefined) throw toConnect(this.deleteFault);
        this.snapshots.delete(snapshotId);
        return {};
      },
      listImages: () => ({ images: [] }),
      listSnapshots: () => ({ snapshots: [...this.snapshots.keys()].map((id) => this.info(id)) }),
      listSandboxes: () => ({
        epoch: this.epoch,
        sandboxes: [...this.capsules].map(([sandboxId, { status, createdAtMs }]) => ({
          sandboxId,
          status,
          createdAtUnix: BigInt(Math.floor(createdAtMs / 1000)),
          lastActiveAtUnix: BigInt(Math.floor(createdAtMs / 1000)),
        })),
      }),
      getHost: () => ({
        ...this.facts,
        templates: [...this.facts.templates],
        arch: 'x86_64',
        engine: 'fake',
        isolation: 'emulated',
        agentVersion: '0',
      }),
    };
  }

  async #copy(request: SnapshotSandboxRequest) {
    const { sandboxId, snapshotId } = request;
    await this.beforeSnapshot(request);
    const { vcpus, memoryMb, status } = this.#machine(sandboxId);
    if (!this.snapshots.has(snapshotId)) {
      this.copies += 1;
      this.snapshots.set(snapshotId, { vcpus, memoryMb, createdAtMs: Date.now() });
    }
    const stillMs = status === 'running' ? 3.456 : 0;
    return { snapshot: this.info(snapshotId), steps: [{ name: 'memory', durationMs: 1.234 }], stillMs };
  }

  async #fork(request: ForkSandboxRequest) {
    await this.beforeFork(request);
    const { vcpus, memoryMb } = this.#machine(request.sandboxId);
    const children = request.children.map(({ sandboxId }, index) => {
      const fault = this.childFault(index);
      if (fault !== undefined) return { sandboxId, errorCode: fault.code, error: fault.message };
      const machine = {
        vcpus,
        memoryMb,
        status: 'running',
        createdAtMs: Date.now(),
        request: undefined,
      } as const;
      this.capsules.set(sandboxId, { ...machine });
      return { sandboxId, hostIp: '10.11.0.2', metadata: facts };
    });
    return { children, steps: [{ name: 'children', durationMs: 2 }], stillMs: 4 };
  }

  info(snapshotId: string) {
    const { vcpus, memoryMb, createdAtMs } = this.#snapshot(snapshotId);
    const createdAtUnix = BigInt(Math.floor(createdAtMs / 1000));
    return { snapshotId, vcpus, memoryMb, sizeBytes: 5_000_000_000n, createdAtUnix, metadata: facts };
  }

  #snapshot(id: string): FakeSnapshot {
    const snapshot = this.snapshots.get(id);
    if (snapshot === undefined) throw toConnect(new WrennError('not_found', `no snapshot ${id}`));
    return snapshot;
  }

  #machine(id: string): FakeMachine {
    const machine = this.capsules.get(id);
    if (machine === undefined)
      throw toConnect(new WrennError('not_found', `capsule ${id} is not on this host`));
    return machine;
  }
}
