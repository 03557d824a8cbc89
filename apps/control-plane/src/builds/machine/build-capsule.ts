import { Readable } from 'node:stream';
import {
  type CapsuleId,
  type HostId,
  type ImageId,
  idFromUuid,
  newId,
  type SnapshotId,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import { type ImageInfo, Outcome, type SnapshotInfo } from '@wrenn/protocol/hostagent';
import type { Doer } from '../../access/principal.ts';
import { createCapsule } from '../../capsules/create.ts';
import { destroyCapsule } from '../../capsules/destroy.ts';
import { view } from '../../capsules/exec.ts';
import { findPlaced } from '../../capsules/store.ts';
import { download, upload } from '../../files/transfer.ts';
import type { HostAgent } from '../../hosts/agent.ts';
import type { ServerContext } from '../../server-context.ts';
import { madeOf } from '../../snapshots/made.ts';
import type { Template } from '../../templates/template.ts';
import type { Build } from '../build.ts';
import { forgetLayer, type Layer, layerMade, reserveLayer } from '../layers.ts';
import { explained } from './ended.ts';

/** In every guest, whatever its image holds. */
const busybox = '/run/wrenn/runtime/bin/busybox';
/** A copy of its state is made to its end: half of one is of no use to anybody. */
const unhurried = new AbortController().signal;
const helperTimeoutSec = 300;
const helperOutputBytes = 4 * 1024 * 1024;

export interface GuestCommand {
  readonly argv: readonly [string, ...string[]];
  readonly user: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** `lost`: its end was not seen. */
export type CommandEnd =
  | { readonly kind: 'exited' | 'killed'; readonly code: number }
  | { readonly kind: 'timed out' }
  | { readonly kind: 'lost'; readonly why: string };

export type SeenEnd = Exclude<CommandEnd, { readonly kind: 'lost' }>;

export type OutputName = 'stdout' | 'stderr';

/** The capsule that a stage of a build works in. Disposing of it destroys it. */
export class BuildCapsule implements AsyncDisposable {
  readonly id: CapsuleId;
  readonly #context: ServerContext;
  readonly #build: Build;
  readonly #agent: HostAgent;
  readonly #hostId: HostId;

  private constructor(
    context: ServerContext,
    build: Build,
    id: CapsuleId,
    host: { readonly id: HostId; readonly address: string },
  ) {
    this.id = id;
    this.#context = context;
    this.#build = build;
    this.#agent = context.agents.of(host);
    this.#hostId = host.id;
  }

  static async start(context: ServerContext, build: Build, template: Template): Promise<BuildCapsule> {
    const { id, teamId, actor, vcpus, memoryMb } = build;
    const { capsule } = await createCapsule(
      context,
      { teamId, actor },
      {
        ...{ template, vcpus, memoryMb, timeoutSec: 0, envs: {}, buildId: id },
        ...{ autoResume: false, publicPorts: false, metadata: { build: id } },
      },
    );
    const { host } = await findPlaced(context.database, teamId, capsule.id);
    return new BuildCapsule(context, build, capsule.id, host);
  }

  /** Runs a command of the user's; what it writes is given on as it comes, and not read ahead of whoever takes it. */
  async run(
    command: GuestCommand,
    take: (name: OutputName, bytes: Buffer) => Promise<void>,
    signal: AbortSignal,
  ): Promise<SeenEnd> {
    const [cmd, ...args] = command.argv;
    const request = {
      ...{ sandboxId: this.id, cmd, args, user: command.user, cwd: command.cwd, envs: command.env },
      timeoutSec: Math.max(1, Math.ceil(command.timeoutMs / 1000)),
    };
    return await this.#watched(signal, async () => {
      let end: SeenEnd | undefined;
      // Read to its end: a stream that is left keeps its deadline, and the process that has it.
      for await (const { event } of this.#agent.execStream(request, signal)) {
        if (event.case === 'data') {
          const { output } = event.value;
          if (output.case === 'stdout' || output.case === 'stderr')
            await take(output.case, view(output.value));
        } else if (event.case === 'end') end = seen(endOf(event.value));
      }
      if (end !== undefined) return end;
      throw unseen('the stream of its output ended early');
    });
  }

  /** Starts a command that goes on by itself, and goes into the memory of the template with all it does. */
  async startBackground(command: Omit<GuestCommand, 'timeoutMs'>, signal: AbortSignal): Promise<number> {
    const [cmd, ...args] = command.argv;
    const request = {
      ...{ sandboxId: this.id, cmd, args, user: command.user, cwd: command.cwd },
      ...{ envs: command.env, tag: 'start' },
    };
    const { pid } = await this.#watched(signal, () => this.#agent.startBackground(request, signal));
    return pid;
  }

  async isRunning(pid: number, signal: AbortSignal): Promise<boolean> {
    const { processes } = await this.#watched(signal, () => this.#agent.listProcesses(this.id, signal));
    return processes.some((process) => process.pid === pid);
  }

  /**
   * Runs a script of ours as root, with the guest's own busybox, so that it works whatever the image holds; returns what
   * it wrote. The arguments are the script's `$1` and so on.
   */
  async script(
    doing: string,
    text: string,
    args: readonly string[],
    signal: AbortSignal,
    timeoutSec: number = helperTimeoutSec,
  ): Promise<string> {
    const request = {
      ...{ sandboxId: this.id, cmd: busybox, args: ['sh', '-euc', text, 'sh', ...args] },
      ...{ user: 'root', cwd: '/', envs: { busybox }, timeoutSec, outputCapBytes: helperOutputBytes },
    };
    const answer = await this.#watched(signal, () => this.#agent.exec(request, signal));
    const end = endOf(answer);
    if (end.kind === 'exited' && end.code === 0) return view(answer.stdout).toString();
    const said = view(answer.stderr).toString().trim().split('\n').at(-1) ?? '';
    throw new WrennError('invalid_request', `${doing}: ${said === '' ? describeEnd(end) : said}`);
  }

  /** Writes a file as root. */
  async write(path: string, body: Readable, signal: AbortSignal): Promise<void> {
    const doer: Doer = this.#build;
    const place = { context: this.#context, doer, capsuleId: this.id };
    await upload(place, { path, user: 'root', length: undefined, body }, signal);
  }

  /** Reads a file as root. */
  read(path: string, signal: AbortSignal): Readable {
    const place = { context: this.#context, doer: this.#build, capsuleId: this.id };
    const bytes = async function* () {
      yield* (await download(place, { path, user: 'root' }, signal)) as AsyncIterable<Buffer>;
    };
    return Readable.from(bytes(), { objectMode: false });
  }

  /** Keeps the state that it has now as a layer; it goes on. Undefined where nobody wants it any more. */
  async keep(key: string): Promise<Layer | undefined> {
    const { database } = this.#context;
    const snapshotId = newId('snapshot');
    const { teamId, vcpus, memoryMb } = this.#build;
    const layer = { key, teamId, buildId: this.#build.id, snapshotId, hostId: this.#hostId };
    await reserveLayer(database, { ...layer, capsuleId: this.id, vcpus, memoryMb });
    try {
      return await layerMade(database, snapshotId, madeOf(await this.snapshot(snapshotId)));
    } catch (thrown) {
      await forgetLayer(database, snapshotId);
      throw thrown;
    }
  }

  /** Copies its state; it goes on. Done twice with the same ID, it is done once. */
  async snapshot(id: SnapshotId): Promise<SnapshotInfo> {
    const { snapshot } = await this.#watched(unhurried, () => this.#agent.snapshot(this.id, id));
    if (snapshot !== undefined) return snapshot;
    throw new WrennError('agent_error', 'the host does not say what it has made');
  }

  /** Makes a root file system of its disk; it goes on. Done twice with the same ID, it is done once. */
  async makeImage(id: ImageId): Promise<ImageInfo> {
    const { image } = await this.#watched(unhurried, () => this.#agent.makeImage(this.id, id));
    if (image !== undefined) return image;
    throw new WrennError('agent_error', 'the host does not say what it has made');
  }

  async #watched<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      throw await explained(thrown, { agent: this.#agent, id: this.id, signal });
    }
  }

  get hostId() {
    return this.#hostId;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await destroyCapsule(this.#context, this.#build, this.id);
  }
}

function endOf(end: {
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly error?: string;
}): CommandEnd {
  switch (end.outcome) {
    case Outcome.EXITED:
      return { kind: 'exited', code: end.exitCode };
    case Outcome.KILLED:
      return { kind: 'killed', code: end.exitCode };
    case Outcome.TIMED_OUT:
      return { kind: 'timed out' };
    // What is not said was not seen: never a success.
    default:
      return {
        kind: 'lost',
        why: end.error === undefined || end.error === '' ? 'its end was not seen' : end.error,
      };
  }
}

function seen(end: CommandEnd): SeenEnd {
  if (end.kind === 'lost') throw unseen(end.why);
  return end;
}

function unseen(why: string): WrennError {
  return new WrennError('host_unavailable', `the command was lost: ${why}`, { remedy: 'build again' });
}

export function describeEnd(end: CommandEnd): string {
  switch (end.kind) {
    case 'exited':
      return `it exited with ${end.code}`;
    case 'killed':
      return `it was ended by a signal (${end.code})`;
    case 'timed out':
      return 'it took too long';
    case 'lost':
      return end.why;
  }
}

/** Capsules that an earlier attempt at a build left, whose process died. */
export async function leftCapsules(
  { database }: Pick<ServerContext, 'database'>,
  build: Pick<Build, 'id'>,
): Promise<CapsuleId[]> {
  const rows = await database
    .selectFrom('capsules')
    .select('id')
    .where('build_id', '=', uuidFromId(build.id))
    .where('status', '!=', 'stopped')
    .execute();
  return rows.map(({ id }) => idFromUuid('capsule', id));
}
