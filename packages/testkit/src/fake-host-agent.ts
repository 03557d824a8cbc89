import { WrennError } from '@wrenn/core';
import type { CreateSandboxRequest, ExecStreamRequest } from '@wrenn/protocol/hostagent';
import {
  FakeAgentServer,
  type FakeHostTls,
  type FakeService,
  guarded,
  toConnect,
} from './fake-agent-server.ts';
import { runFakeCommand } from './fake-command.ts';

export interface FakeHostFacts {
  readonly cpuCores: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  readonly templates: readonly string[];
  /** Absent: it has no relay. */
  readonly relayPort?: number;
}

export interface FakeCapsule {
  readonly request: CreateSandboxRequest;
  status: 'running' | 'error';
  createdAtMs: number;
  /** What the host says of it. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * A host's agent as the control plane sees it: real TLS and RPC, and behind it capsules that are entries of a map and
 * commands that are functions. It shows nothing about machines.
 */
export class FakeHostAgent implements AsyncDisposable {
  readonly capsules = new Map<string, FakeCapsule>();
  /** Runs before each create answers; throws to make it fail. */
  beforeCreate: (request: CreateSandboxRequest) => Promise<void> = async () => {};
  epoch: string = crypto.randomUUID();
  facts: FakeHostFacts = { cpuCores: 4, memoryMb: 16_384, diskGb: 200, templates: ['minimal'] };
  /** Every exec that was asked for, in order. */
  readonly execs: ExecStreamRequest[] = [];
  /** Streams of output whose caller went away before the end. */
  abandoned = 0;
  #server: FakeAgentServer | undefined;

  static async start(tls: FakeHostTls, port = 0): Promise<FakeHostAgent> {
    const agent = new FakeHostAgent();
    agent.#server = await FakeAgentServer.start(tls, agent.#service(), port);
    return agent;
  }

  get address(): string {
    return this.#server?.address ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  /** What keeps the state of capsules is not among it: that would show nothing without machines. */
  #service(): FakeService {
    return {
      createSandbox: async (request) => {
        await guarded(() => this.beforeCreate(request));
        this.capsules.set(request.sandboxId, { request, status: 'running', createdAtMs: Date.now() });
        return {
          sandboxId: request.sandboxId,
          status: 'running',
          hostIp: '10.11.0.1',
          metadata: {
            kernel_version: '6.1',
            vmm_version: 'fake 1',
            agent_version: '0',
            engine: 'fake',
            isolation: 'emulated',
          },
          steps: [{ name: 'fake', durationMs: 1 }],
        };
      },
      destroySandbox: ({ sandboxId }) => {
        this.capsules.delete(sandboxId);
        return {};
      },
      exec: async (request, { signal }) => {
        const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
        const cap = request.outputCapBytes === 0 ? 8 * 1024 * 1024 : request.outputCapBytes;
        for await (const event of this.#run(
          { ...request, keepStdinOpen: false, $typeName: 'hostagent.v1.ExecStreamRequest' },
          signal,
        )) {
          if (event.kind !== 'end') {
            output[event.kind].push(event.data);
            continue;
          }
          const [stdout, stderr] = [Buffer.concat(output.stdout), Buffer.concat(output.stderr)];
          return {
            stdout: new Uint8Array(stdout.subarray(0, cap)),
            stderr: new Uint8Array(stderr.subarray(0, cap)),
            stdoutTruncated: stdout.length > cap,
            stderrTruncated: stderr.length > cap,
            exitCode: event.exitCode,
            outcome: event.outcome,
          };
        }
        throw toConnect(new WrennError('agent_error', 'the fake command did not end'));
      },
      execStream: (request, { signal }) => this.#stream(request, signal),
      listImages: () => ({ images: [] }),
      listSandboxes: () => ({
        epoch: this.epoch,
        sandboxes: [...this.capsules].map(([sandboxId, { status, createdAtMs, metadata }]) => ({
          sandboxId,
          status,
          metadata: { ...metadata },
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

  async *#stream(request: ExecStreamRequest, signal: AbortSignal) {
    let hasEnded = false;
    this.#require(request.sandboxId);
    try {
      yield { event: { case: 'start' as const, value: { pid: 42 } } };
      for await (const event of this.#run(request, signal)) {
        hasEnded = event.kind === 'end';
        yield event.kind === 'end'
          ? {
              event: {
                case: 'end' as const,
                value: { exitCode: event.exitCode, outcome: event.outcome, error: '' },
              },
            }
          : { event: { case: 'data' as const, value: { output: { case: event.kind, value: event.data } } } };
      }
    } finally {
      if (!hasEnded) this.abandoned += 1;
    }
  }

  async *#run(request: ExecStreamRequest, signal: AbortSignal) {
    this.#require(request.sandboxId);
    this.execs.push(request);
    yield* runFakeCommand(request, signal);
  }

  #require(sandboxId: string): void {
    if (this.capsules.has(sandboxId)) return;
    throw toConnect(new WrennError('not_found', `no capsule ${sandboxId}`));
  }
}
