import type { Readable } from 'node:stream';
import { WrennError } from '@wrenn/core';
import { placement } from '../archive/placement.ts';
import type { SelectionShape } from '../archive/select.ts';
import type { Selection } from '../archive/selection.ts';
import type { BuildLog } from '../log/build-log.ts';
import { type BuildCapsule, describeEnd } from '../machine/build-capsule.ts';
import { makeUserScript, type Owner, ownerIn } from './accounts.ts';
import { gatherScript, packScript, scratch, unpackScript } from './copy-scripts.ts';
import { textTar } from './text-tar.ts';
import type { Work } from './work.ts';

export interface WorkPlace {
  readonly capsule: BuildCapsule;
  readonly log: BuildLog;
  readonly stepTimeoutMs: number;
  /** What the user uploaded, chosen as COPY says. */
  readonly select: (sources: readonly string[]) => Promise<Selection>;
  /** A capsule in the state that another stage ended in; the caller disposes of it. */
  readonly openStage: (index: number) => Promise<BuildCapsule>;
}

/** Does one piece of work; returns the exit code of a command. Throws what went wrong, for who wrote the recipe. */
export async function doWork(place: WorkPlace, work: Work, signal: AbortSignal): Promise<number | undefined> {
  const { capsule } = place;
  switch (work.kind) {
    case 'run':
      return await run(place, work, signal);
    case 'user':
      if (work.missing === 'make' && /^[A-Za-z_]/.test(work.name) && !work.name.includes(':'))
        await capsule.script(`making the user ${work.name}`, makeUserScript, [work.name], signal);
      await ownerIn(capsule, work.name, signal);
      return undefined;
    case 'workdir': {
      const { uid, gid } = await ownerIn(capsule, work.owner, signal);
      await capsule.script(
        `making ${work.path}`,
        '[ -d "$1" ] || { $busybox mkdir -p "$1"; $busybox chown "$2" "$1"; }',
        [work.path, `${uid}:${gid}`],
        signal,
      );
      return undefined;
    }
    case 'copy':
      await copy(place, work, signal);
      return undefined;
  }
}

async function run(
  { capsule, log, stepTimeoutMs }: WorkPlace,
  work: Work & { kind: 'run' },
  signal: AbortSignal,
): Promise<number> {
  const timeoutMs = work.timeoutMs ?? stepTimeoutMs;
  const end = await capsule.run({ ...work, timeoutMs }, (name, bytes) => log.output(name, bytes), signal);
  if (end.kind === 'exited' && end.code === 0) return 0;
  if (end.kind === 'timed out')
    throw new WrennError('deadline_exceeded', `the command took longer than ${timeoutMs / 1000} s`, {
      remedy: 'give it more with RUN --timeout=10m, or the build with step_timeout_sec',
    });
  throw new CommandFailed(end.code, describeEnd(end));
}

/** The exit code goes into the log beside what is wrong. */
export class CommandFailed extends WrennError {
  readonly exit: number;

  constructor(exit: number, how: string) {
    super('invalid_request', `the command failed: ${how}`, {
      remedy: 'see what it wrote, in the log of the step',
    });
    this.exit = exit;
  }
}

async function copy(place: WorkPlace, work: Work & { kind: 'copy' }, signal: AbortSignal): Promise<void> {
  const { capsule, select } = place;
  const owner = work.owner === undefined ? undefined : await ownerIn(capsule, work.owner, signal);
  // A folder that is there already is one, however it is written.
  const isFolder = work.destination.endsWith('/') || (await hasFolder(capsule, work.destination, signal));
  const destination = isFolder && !work.destination.endsWith('/') ? `${work.destination}/` : work.destination;
  const unpack = (tar: Readable, directory: string) =>
    unpackIn(capsule, { tar, directory, owner, mode: work.mode }, signal);
  if (work.files.length > 0) {
    const shape = work.files.length + work.sources.length > 1 ? 'several' : 'file';
    const { directory, name } = placement(destination, shape);
    await unpack(textTar(work.files, name), directory);
  }
  if (work.sources.length === 0) return;
  if (work.from !== undefined) {
    await copyFromStage(place, { ...work, from: work.from, destination }, unpack, signal);
    return;
  }
  const selection = await select(work.sources);
  await unpack(selection.tar({ destination }, signal), selection.placement(destination).directory);
}

async function hasFolder(capsule: BuildCapsule, path: string, signal: AbortSignal): Promise<boolean> {
  const said = await capsule.script(
    `looking at ${path}`,
    'if [ -d "$1" ]; then echo yes; fi',
    [path],
    signal,
  );
  return said.trim() === 'yes';
}

async function copyFromStage(
  { openStage }: WorkPlace,
  { from, sources, destination }: { from: number; sources: readonly string[]; destination: string },
  unpack: (tar: Readable, directory: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await using source = await openStage(from);
  const patterns = sources.map((path) => `/${path.replace(/^\/+/, '')}`);
  const gathered = `${scratch}/gathered`;
  const said = await source.script('copying', gatherScript, [gathered, ...patterns], signal);
  const shape = shapeOf(said.trim());
  const { directory, name } = placement(destination, shape);
  await source.script('packing', packScript, [gathered, `${scratch}/out.tar`, name ?? ''], signal);
  await unpack(source.read(`${scratch}/out.tar`, signal), directory);
}

function shapeOf(said: string): SelectionShape {
  if (said === 'file' || said === 'directory' || said === 'several') return said;
  throw new WrennError('agent_error', 'the guest does not say what there is to copy');
}

async function unpackIn(
  capsule: BuildCapsule,
  what: { tar: Readable; directory: string; owner: Owner | undefined; mode: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { tar, directory, owner, mode } = what;
  const path = `${scratch}/in.tar`;
  await capsule.write(path, tar, signal);
  const id = owner === undefined ? '' : `${owner.uid}:${owner.gid}`;
  await capsule.script('unpacking', unpackScript, [path, directory, id, mode ?? ''], signal);
}
