import { WrennError } from '@wrenn/core';
import type { CreateSandboxRequest } from '@wrenn/protocol/hostagent';
import { FakeAgentServer, type FakeHostTls, type FakeService, toConnect } from '../fake-agent-server.ts';
import { fakeFileCalls, moveFakeBody } from './fake-file-calls.ts';
import { FakeGuest } from './fake-guest.ts';
import { fakeProcessCalls } from './fake-process-calls.ts';
import { fakeReceipt, fakeSteps } from './fake-reports.ts';

const facts = {
  kernel_version: '6.1',
  vmm_version: 'fake 1',
  agent_version: '0',
  engine: 'fake',
  isolation: 'emulated',
};

/**
 * A whole host as the control plane meets it, for work without machines: real TLS and RPC, and behind it capsules whose
 * files are entries of a map and whose programs are functions. What it answers is held to what a real host answers by
 * one suite that runs against both (host-contract). It shows nothing about machines.
 */
export class FakeHost implements AsyncDisposable {
  readonly guests = new Map<string, FakeGuest>();
  readonly snapshots = new Map<string, FakeGuest>();
  readonly images = new Map<string, FakeGuest>();
  readonly #epoch = crypto.randomUUID();
  #server: FakeAgentServer | undefined;

  static async start(tls: FakeHostTls, port = 0): Promise<FakeHost> {
    const host = new FakeHost();
    host.#server = await FakeAgentServer.start(tls, host.#service(), port, (request, response) => {
      void moveFakeBody((id) => host.#guest(id).requireRunning(), request, response);
    });
    return host;
  }

  get address(): string {
    return this.#server?.address ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  #service(): FakeService {
    return translated({
      ...this.#hostCalls(),
      ...this.#stateCalls(),
      ...this.#snapshotCalls(),
      ...this.#imageCalls(),
      ...fakeFileCalls((id) => this.#guest(id).requireRunning()),
      ...fakeProcessCalls((id) => this.#guest(id).requireRunning()),
    });
  }

  #hostCalls(): FakeService {
    return {
      getHost: () => ({
        ...{ arch: 'x86_64', cpuCores: 8, memoryMb: 32_768, diskGb: 500, templates: ['minimal'] },
        ...{ engine: 'fake', isolation: 'emulated', agentVersion: '0' },
        relayPort: Number(this.address.split(':').at(-1)),
      }),
      listSnapshots: () => ({
        snapshots: [...this.snapshots].map(([id, guest]) => snapshotInfo(id, guest)),
      }),
      listSandboxes: () => ({
        epoch: this.#epoch,
        sandboxes: [...this.guests].map(([sandboxId, guest]) => ({
          ...{ sandboxId, status: guest.status, template: guest.request.template },
          ...{ vcpus: guest.vcpus, memoryMb: guest.memoryMb, hostIp: '10.11.0.1', metadata: facts },
          createdAtUnix: BigInt(Math.floor(guest.createdAtMs / 1000)),
          lastActiveAtUnix: BigInt(Math.floor(Date.now() / 1000)),
        })),
      }),
    };
  }

  #stateCalls(): FakeService {
    return {
      createSandbox: (request) => {
        this.guests.set(request.sandboxId, this.#made(request));
        return {
          sandboxId: request.sandboxId,
          status: 'running',
          hostIp: '10.11.0.1',
          metadata: facts,
          steps: fakeSteps('create'),
          receipt: fakeReceipt(request.sandboxId, 'begins'),
        };
      },
      destroySandbox: ({ sandboxId }) => {
        for (const { program } of this.guests.get(sandboxId)?.running() ?? []) program.exit(137);
        this.guests.delete(sandboxId);
        return {};
      },
      pauseSandbox: ({ sandboxId }) => {
        this.#guest(sandboxId).pause();
        return { steps: fakeSteps('pause'), stillMs: 69, memoryBytes: 1_000_000n, diskBytes: 100_000n };
      },
      resumeSandbox: ({ sandboxId }) => {
        this.#guest(sandboxId).resume();
        const receipt = fakeReceipt(sandboxId, 'goes on');
        return { hostIp: '10.11.0.1', metadata: facts, steps: fakeSteps('resume'), receipt };
      },
      getSandboxMetrics: ({ sandboxId, rangeSec }) => {
        if (rangeSec < 1 || rangeSec > 86_400)
          throw new WrennError('invalid_request', 'range_sec must be from 1 to 86400', {
            field: 'range_sec',
          });
        return this.#guest(sandboxId).metrics.read(rangeSec, Date.now());
      },
      pingSandbox: ({ sandboxId }) => {
        this.#guest(sandboxId).requireRunning();
        return {};
      },
    };
  }

  #snapshotCalls(): FakeService {
    return {
      snapshotSandbox: ({ sandboxId, snapshotId }) => {
        const guest = this.#guest(sandboxId);
        const kept = this.snapshots.get(snapshotId) ?? new FakeGuest(guest.request, guest);
        this.snapshots.set(snapshotId, kept);
        return {
          snapshot: snapshotInfo(snapshotId, kept),
          steps: fakeSteps('snapshot'),
          stillMs: guest.status === 'running' ? 69 : 0,
        };
      },
      forkSandbox: ({ sandboxId, children }) => {
        const parent = this.#guest(sandboxId);
        for (const child of children) this.guests.set(child.sandboxId, new FakeGuest(parent.request, parent));
        const made = children.map((child) => ({
          ...{ sandboxId: child.sandboxId, hostIp: '10.11.0.2', metadata: facts },
          receipt: fakeReceipt(child.sandboxId, 'begins'),
        }));
        return { children: made, steps: fakeSteps('fork'), stillMs: 69 };
      },
      deleteSnapshot: ({ snapshotId }) => {
        this.snapshots.delete(snapshotId);
        return {};
      },
    };
  }

  #imageCalls(): FakeService {
    return {
      makeImage: ({ sandboxId, imageId }) => {
        const guest = this.#guest(sandboxId).requireRunning();
        const kept = this.images.get(imageId) ?? new FakeGuest(guest.request, guest);
        this.images.set(imageId, kept);
        return { image: imageInfo(imageId, kept), steps: fakeSteps('snapshot'), stillMs: 69 };
      },
      deleteImage: ({ imageId }) => {
        this.images.delete(imageId);
        return {};
      },
      listImages: () => ({ images: [...this.images].map(([id, guest]) => imageInfo(id, guest)) }),
    };
  }

  #made(request: CreateSandboxRequest): FakeGuest {
    if (request.imageId !== '' && !this.images.has(request.imageId))
      throw new WrennError('not_found', `no image ${request.imageId}`);
    if (request.snapshotId === '') return new FakeGuest(request, request);
    const snapshot = this.snapshots.get(request.snapshotId);
    if (snapshot === undefined) throw new WrennError('not_found', `no snapshot ${request.snapshotId}`);
    return new FakeGuest(request, snapshot);
  }

  #guest(id: string): FakeGuest {
    const guest = this.guests.get(id);
    if (guest === undefined) throw new WrennError('not_found', `capsule ${id} is not on this host`);
    return guest;
  }
}

function snapshotInfo(snapshotId: string, { vcpus, memoryMb, createdAtMs }: FakeGuest) {
  const createdAtUnix = BigInt(Math.floor(createdAtMs / 1000));
  return { snapshotId, vcpus, memoryMb, sizeBytes: 5_000_000n, createdAtUnix, metadata: facts };
}

function imageInfo(imageId: string, { createdAtMs }: FakeGuest) {
  const createdAtUnix = BigInt(Math.floor(createdAtMs / 1000));
  return { imageId, sizeBytes: 1_000_000_000n, createdAtUnix, sha256: 'a'.repeat(64) };
}

/** Its faults as an agent tells them. */
function translated(service: FakeService): FakeService {
  const told = (thrown: unknown): unknown => (thrown instanceof WrennError ? toConnect(thrown) : thrown);
  const entries = Object.entries(service).map(([name, method]) => [
    name,
    (...given: unknown[]) => {
      try {
        const answer: unknown = Reflect.apply(method as (...args: unknown[]) => unknown, undefined, given);
        return answer instanceof Promise
          ? answer.catch((thrown: unknown) => Promise.reject(told(thrown)))
          : answer;
      } catch (thrown) {
        throw told(thrown);
      }
    },
  ]);
  return Object.fromEntries(entries) as FakeService;
}
