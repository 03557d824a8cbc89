import type { ClientRequest } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { type CapsuleId, type HostId, type ImageId, type SnapshotId, WrennError } from '@wrenn/core';
import {
  type ConnectProcessRequestSchema,
  type CreateSandboxRequestSchema,
  type CreateSandboxResponse,
  type DrainResponse,
  type ExecRequestSchema,
  type ExecResponse,
  type ExecStreamRequestSchema,
  type ExecStreamResponse,
  type ForkSandboxResponse,
  type GetHostResponse,
  type GetSandboxMetricsResponse,
  HostAgentService,
  type KillProcessRequestSchema,
  type ListDirRequestSchema,
  type ListDirResponse,
  type ListImagesResponse,
  type ListProcessesResponse,
  type ListSandboxesResponse,
  type ListSnapshotsResponse,
  type MakeDirRequestSchema,
  type MakeDirResponse,
  type MakeImageResponse,
  type MovePathRequestSchema,
  type MovePathResponse,
  type PauseSandboxResponse,
  type PtyAttachRequestSchema,
  type PtyAttachResponse,
  type RemovePathRequestSchema,
  type ResumeSandboxResponse,
  type SendProcessInputRequestSchema,
  type SnapshotSandboxResponse,
  type StartBackgroundRequestSchema,
  type StartBackgroundResponse,
  type StatPathRequestSchema,
  type StatPathResponse,
  type WatchDirRequestSchema,
  type WatchDirResponse,
} from '@wrenn/protocol/hostagent';
import { timedCalls, tracedClient } from '@wrenn/service';
import { agentCalls } from '../metrics/metrics.ts';
import { fromAgent } from './agent-errors.ts';
import { HostConnections } from './connections.ts';
import type { AgentCredentials } from './credentials.ts';
import { Patience } from './patience.ts';
import { openTransfer, type Transfer } from './transfers.ts';

/** Template preparation apart, a create takes a second or two; under emulation and load it has taken ten. */
export const createDeadlineMs = 120_000;
const destroyDeadlineMs = 60_000;
const queryDeadlineMs = 5_000;
/** Of what a guest does at once, however busy it is. */
const promptMs = 45_000;
/** A large tree is listed or removed in its own time. */
const fileMs = 150_000;
/** Of what reads or writes a whole memory: gigabytes, to a disk that others use too. */
export const stateDeadlineMs = 600_000;
/** Beyond a command's own limit, which the agent keeps: reaching the guest, ending the command, the way back. */
const execGraceMs = 15_000;
/** Two streams of 8 MiB and what is around them. */
const largestMessageBytes = 32 * 1024 * 1024;

/** The agent of one host. Every call has a deadline and throws WrennError only. */
export class HostAgent implements Disposable {
  readonly #connections: HttpsAgent[];
  readonly #control: Client<typeof HostAgentService>;
  readonly #exec: Client<typeof HostAgentService>;
  readonly #state: Client<typeof HostAgentService>;
  readonly #interactive: Client<typeof HostAgentService>;
  readonly #address: string;
  readonly #bulk: HttpsAgent;
  #relay: string | undefined;
  readonly #patience: Patience;

  /**
   * `address` is host:port. Commands have connections of their own, so have what people type and see, the bodies of
   * files, and what moves a capsule's state: none holds up another.
   */
  constructor(id: HostId, address: string, credentials: AgentCredentials, patienceMs: number = 5_000) {
    const control = new HostConnections(id, credentials);
    const exec = new HostConnections(id, credentials);
    const state = new HostConnections(id, credentials);
    const interactive = new HostConnections(id, credentials);
    this.#address = address;
    this.#bulk = new HostConnections(id, credentials);
    this.#connections = [control, exec, state, interactive, this.#bulk];
    this.#control = client(address, control);
    this.#exec = client(address, exec);
    this.#state = client(address, state);
    this.#interactive = client(address, interactive);
    this.#patience = new Patience(() => this.#control.getHost({}, { timeoutMs: patienceMs }), patienceMs);
  }

  create(request: MessageInitShape<typeof CreateSandboxRequestSchema>): Promise<CreateSandboxResponse> {
    return call(
      'creating the capsule',
      this.#control.createSandbox(request, { timeoutMs: createDeadlineMs }),
    );
  }

  async destroy(id: CapsuleId): Promise<void> {
    await call(
      'destroying the capsule',
      this.#control.destroySandbox({ sandboxId: id }, { timeoutMs: destroyDeadlineMs }),
    );
  }

  pause(id: CapsuleId): Promise<PauseSandboxResponse> {
    return call(
      'pausing the capsule',
      this.#state.pauseSandbox({ sandboxId: id }, { timeoutMs: stateDeadlineMs }),
    );
  }

  /** Without `timeoutSec` the capsule keeps its own. */
  resume(id: CapsuleId, timeoutSec: number | undefined): Promise<ResumeSandboxResponse> {
    const request = { sandboxId: id, ...(timeoutSec === undefined ? {} : { timeoutSec }) };
    return call('resuming the capsule', this.#state.resumeSandbox(request, { timeoutMs: stateDeadlineMs }));
  }

  async ping(id: CapsuleId): Promise<void> {
    await call(
      'noting activity of the capsule',
      this.#control.pingSandbox({ sandboxId: id }, { timeoutMs: queryDeadlineMs }),
    );
  }

  /** Of a capsule that is paused too; no use of it. */
  metrics(id: CapsuleId, rangeSec: number, signal: AbortSignal): Promise<GetSandboxMetricsResponse> {
    return call(
      'reading the metrics of the capsule',
      this.#control.getSandboxMetrics({ sandboxId: id, rangeSec }, { timeoutMs: queryDeadlineMs, signal }),
    );
  }

  snapshot(id: CapsuleId, snapshotId: SnapshotId): Promise<SnapshotSandboxResponse> {
    return call(
      'copying the state of the capsule',
      this.#state.snapshotSandbox({ sandboxId: id, snapshotId }, { timeoutMs: stateDeadlineMs }),
    );
  }

  fork(
    id: CapsuleId,
    children: readonly { readonly sandboxId: CapsuleId; readonly timeoutSec: number }[],
  ): Promise<ForkSandboxResponse> {
    return call(
      'forking the capsule',
      this.#state.forkSandbox({ sandboxId: id, children: [...children] }, { timeoutMs: stateDeadlineMs }),
    );
  }

  async deleteSnapshot(snapshotId: SnapshotId): Promise<void> {
    await call(
      'deleting the snapshot',
      this.#control.deleteSnapshot({ snapshotId }, { timeoutMs: destroyDeadlineMs }),
    );
  }

  listSnapshots(signal: AbortSignal): Promise<ListSnapshotsResponse> {
    return call('listing snapshots', this.#control.listSnapshots({}, { timeoutMs: queryDeadlineMs, signal }));
  }

  /** The capsule goes on. Done twice with the same ID, it is done once. */
  makeImage(id: CapsuleId, imageId: ImageId): Promise<MakeImageResponse> {
    return call(
      'making an image of the capsule',
      this.#state.makeImage({ sandboxId: id, imageId }, { timeoutMs: stateDeadlineMs }),
    );
  }

  async deleteImage(imageId: ImageId): Promise<void> {
    await call(
      'deleting the image',
      this.#control.deleteImage({ imageId }, { timeoutMs: destroyDeadlineMs }),
    );
  }

  listImages(signal: AbortSignal): Promise<ListImagesResponse> {
    return call('listing images', this.#control.listImages({}, { timeoutMs: queryDeadlineMs, signal }));
  }

  /** Pauses every capsule of the host. */
  drain(): Promise<DrainResponse> {
    return call('draining the host', this.#state.drain({}, { timeoutMs: stateDeadlineMs }));
  }

  exec(
    request: MessageInitShape<typeof ExecRequestSchema> & { timeoutSec: number },
    signal: AbortSignal,
  ): Promise<ExecResponse> {
    const timeoutMs = request.timeoutSec * 1000 + execGraceMs;
    return call('running the command', this.#exec.exec(request, { timeoutMs, signal }));
  }

  /** `timeoutSec` 0 is no limit. Nothing is read ahead of the consumer. */
  async *execStream(
    request: MessageInitShape<typeof ExecStreamRequestSchema> & { timeoutSec: number },
    signal: AbortSignal,
  ): AsyncGenerator<ExecStreamResponse, void> {
    const limit = request.timeoutSec === 0 ? {} : { timeoutMs: request.timeoutSec * 1000 + execGraceMs };
    try {
      yield* this.#exec.execStream(request, { ...limit, signal });
    } catch (thrown) {
      throw fromAgent(thrown, 'running the command');
    }
  }

  /** Starts a command that goes on by itself. */
  startBackground(
    request: MessageInitShape<typeof StartBackgroundRequestSchema>,
    signal: AbortSignal,
  ): Promise<StartBackgroundResponse> {
    return call('starting the command', this.#exec.startBackground(request, { timeoutMs: promptMs, signal }));
  }

  listProcesses(id: CapsuleId, signal: AbortSignal): Promise<ListProcessesResponse> {
    const request = { sandboxId: id };
    return call('listing processes', this.#exec.listProcesses(request, { timeoutMs: promptMs, signal }));
  }

  /** Where programs in a capsule take connections. */
  async listPorts(id: CapsuleId, signal: AbortSignal): Promise<readonly number[]> {
    const asked = this.#exec.listPorts({ sandboxId: id }, { timeoutMs: promptMs, signal });
    return (await call('listing ports', asked)).ports;
  }

  async killProcess(
    request: MessageInitShape<typeof KillProcessRequestSchema>,
    signal: AbortSignal,
  ): Promise<void> {
    await call('sending a signal', this.#exec.killProcess(request, { timeoutMs: promptMs, signal }));
  }

  /** What a process prints; nothing is read ahead of the consumer. */
  async *watchProcess(
    request: MessageInitShape<typeof ConnectProcessRequestSchema>,
    signal: AbortSignal,
  ): AsyncGenerator<ExecStreamResponse, void> {
    try {
      for await (const { event } of this.#exec.connectProcess(request, { signal })) if (event) yield event;
    } catch (thrown) {
      throw fromAgent(thrown, 'connecting to the process');
    }
  }

  /** Returns when the process has taken it, however long that is. */
  async sendInput(
    request: MessageInitShape<typeof SendProcessInputRequestSchema>,
    signal: AbortSignal,
  ): Promise<void> {
    await call('sending input', this.#exec.sendProcessInput(request, { signal }));
  }

  /** What a terminal prints; nothing is read ahead of the consumer. */
  async *attachTerminal(
    request: MessageInitShape<typeof PtyAttachRequestSchema>,
    signal: AbortSignal,
  ): AsyncGenerator<PtyAttachResponse, void> {
    try {
      yield* this.#patience.stream(
        (until) => this.#interactive.ptyAttach(request, { signal: until }),
        signal,
      );
    } catch (thrown) {
      throw fromAgent(thrown, 'attaching to the terminal');
    }
  }

  /** Returns when the terminal has taken it, however long that is. */
  async typeInto(
    id: CapsuleId,
    input: { tag: string; data: Uint8Array; writer: string; offset: bigint },
    signal: AbortSignal,
  ): Promise<void> {
    const request = { ...input, data: new Uint8Array(input.data), sandboxId: id };
    await this.#terminalCall('typing into the terminal', signal, (until) =>
      this.#interactive.ptySendInput(request, { signal: until }),
    );
  }

  async resizeTerminal(
    id: CapsuleId,
    size: { tag: string; cols: number; rows: number },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#terminalCall('resizing the terminal', signal, (until) =>
      this.#interactive.ptyResize({ ...size, sandboxId: id }, { timeoutMs: promptMs, signal: until }),
    );
  }

  async killTerminal(id: CapsuleId, tag: string, signal: AbortSignal): Promise<void> {
    await this.#terminalCall('ending the terminal', signal, (until) =>
      this.#interactive.ptyKill({ sandboxId: id, tag }, { timeoutMs: promptMs, signal: until }),
    );
  }

  /** Whoever looks at a terminal is to know soon that its host is out of reach. */
  #terminalCall<T>(doing: string, signal: AbortSignal, make: (until: AbortSignal) => Promise<T>): Promise<T> {
    return this.#patience.answer((until) => call(doing, make(until)), signal);
  }

  listDir(
    request: MessageInitShape<typeof ListDirRequestSchema>,
    signal: AbortSignal,
  ): Promise<ListDirResponse> {
    return call('listing files', this.#exec.listDir(request, { timeoutMs: fileMs, signal }));
  }

  makeDir(
    request: MessageInitShape<typeof MakeDirRequestSchema>,
    signal: AbortSignal,
  ): Promise<MakeDirResponse> {
    return call('making a folder', this.#exec.makeDir(request, { timeoutMs: fileMs, signal }));
  }

  statPath(
    request: MessageInitShape<typeof StatPathRequestSchema>,
    signal: AbortSignal,
  ): Promise<StatPathResponse> {
    return call('looking at a path', this.#exec.statPath(request, { timeoutMs: fileMs, signal }));
  }

  movePath(
    request: MessageInitShape<typeof MovePathRequestSchema>,
    signal: AbortSignal,
  ): Promise<MovePathResponse> {
    return call('moving a path', this.#exec.movePath(request, { timeoutMs: fileMs, signal }));
  }

  async removePath(
    request: MessageInitShape<typeof RemovePathRequestSchema>,
    signal: AbortSignal,
  ): Promise<void> {
    await call('removing a path', this.#exec.removePath(request, { timeoutMs: fileMs, signal }));
  }

  /** What happens in a folder, `ready` first; nothing is read ahead of the consumer. */
  async *watchDir(
    request: MessageInitShape<typeof WatchDirRequestSchema>,
    signal: AbortSignal,
  ): AsyncGenerator<WatchDirResponse, void> {
    try {
      yield* this.#interactive.watchDir(request, { signal });
    } catch (thrown) {
      throw fromAgent(thrown, 'watching a folder');
    }
  }

  /** Begins to move the body of a file, through the host's relay; its faults are those of the connection. */
  async transfer(id: CapsuleId, transfer: Transfer, signal: AbortSignal): Promise<ClientRequest> {
    const address = await this.#relayAddress(signal);
    const sent = openTransfer(address, this.#bulk, id, transfer, signal);
    // Another agent may have another relay.
    sent.on('error', () => {
      this.#relay = undefined;
    });
    return sent;
  }

  /** Asked once: the agent says it beside what it says of its host. */
  async #relayAddress(signal: AbortSignal): Promise<string> {
    this.#relay ??= relayOf(this.#address, await this.getHost(signal));
    return this.#relay;
  }

  list(signal: AbortSignal): Promise<ListSandboxesResponse> {
    return call('listing capsules', this.#control.listSandboxes({}, { timeoutMs: queryDeadlineMs, signal }));
  }

  getHost(signal: AbortSignal): Promise<GetHostResponse> {
    return call('asking for the host', this.#control.getHost({}, { timeoutMs: queryDeadlineMs, signal }));
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection.destroy();
  }
}

function relayOf(address: string, { relayPort }: GetHostResponse): string {
  if (relayPort === 0)
    throw new WrennError('host_unavailable', 'the host has no relay at the moment', { remedy: 'try again' });
  return `${address.slice(0, address.lastIndexOf(':'))}:${relayPort}`;
}

async function call<T>(doing: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    throw fromAgent(thrown, doing);
  }
}

function client(address: string, agent: HttpsAgent): Client<typeof HostAgentService> {
  const transport = createConnectTransport({
    baseUrl: `https://${address}`,
    httpVersion: '1.1',
    nodeOptions: { agent },
    interceptors: [tracedClient('agent'), timedCalls(agentCalls)],
    // On one machine or in one data centre, compressing costs more than it saves.
    acceptCompression: [],
    readMaxBytes: largestMessageBytes,
    writeMaxBytes: largestMessageBytes,
  });
  return createClient(HostAgentService, transport);
}
