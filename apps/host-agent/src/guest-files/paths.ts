import { ConnectError } from '@connectrpc/connect';
import { type CapsuleId, deadline, WrennError } from '@wrenn/core';
import { type EntryInfo, EventType, FileType } from '@wrenn/protocol/filesystem';
import type { RunningCapsule } from '../capsules/capsule.ts';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { requireServing } from '../capsules/require-serving.ts';
import { guestCall, userHeader } from '../processes/guest-call.ts';
import { fromConnect } from '../rpc/connect-errors.ts';

/** A list or a removal of a large tree takes its time. */
const callDeadlineMs = 120_000;

/** Who asks for what; an empty user is the capsule's default one. */
export interface PathCall {
  readonly path: string;
  readonly user: string;
}

export interface FileEntry {
  readonly name: string;
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'unknown';
  readonly size: bigint;
  readonly mode: number;
  readonly permissions: string;
  readonly owner: string;
  readonly group: string;
  /** Seconds since 1970. */
  readonly modifiedAt: bigint;
  readonly symlinkTarget?: string;
}

export async function listDirectory(
  context: CapsuleContext,
  id: CapsuleId,
  { path, user, depth }: PathCall & { readonly depth: number },
  signal: AbortSignal,
): Promise<FileEntry[]> {
  const { entries } = await call(context, id, `listing ${path}`, signal, ({ guest }, options) =>
    guest.files.listDir({ path, depth }, { ...options, headers: userHeader(user) }),
  );
  return entries.map(entryFrom);
}

export async function makeDirectory(
  context: CapsuleContext,
  id: CapsuleId,
  { path, user }: PathCall,
  signal: AbortSignal,
): Promise<FileEntry> {
  const { entry } = await call(context, id, `making ${path}`, signal, ({ guest }, options) =>
    guest.files.makeDir({ path }, { ...options, headers: userHeader(user) }),
  );
  return requireEntry(entry);
}

/** With all that is in it. */
export async function removePath(
  context: CapsuleContext,
  id: CapsuleId,
  { path, user }: PathCall,
  signal: AbortSignal,
): Promise<void> {
  await call(context, id, `removing ${path}`, signal, async ({ guest }, options) => {
    const asUser = { ...options, headers: userHeader(user) };
    // The guest's own answer to one that is not there is success, as E2B's clients expect; ours is that it is not there.
    await guest.files.stat({ path }, asUser);
    return await guest.files.remove({ path }, asUser);
  });
}

export async function statPath(
  context: CapsuleContext,
  id: CapsuleId,
  { path, user }: PathCall,
  signal: AbortSignal,
): Promise<FileEntry> {
  const { entry } = await call(context, id, `looking at ${path}`, signal, ({ guest }, options) =>
    guest.files.stat({ path }, { ...options, headers: userHeader(user) }),
  );
  return requireEntry(entry);
}

export async function movePath(
  context: CapsuleContext,
  id: CapsuleId,
  {
    source,
    destination,
    user,
  }: { readonly source: string; readonly destination: string; readonly user: string },
  signal: AbortSignal,
): Promise<FileEntry> {
  const { entry } = await call(context, id, `moving ${source}`, signal, ({ guest }, options) =>
    guest.files.move({ source, destination }, { ...options, headers: userHeader(user) }),
  );
  return requireEntry(entry);
}

export interface WatchEvent {
  readonly type: 'ready' | 'created' | 'written' | 'removed' | 'renamed' | 'chmodded';
  /** Relative to the folder that is watched; empty for `ready`. */
  readonly name: string;
}

/** What happens in a folder, from `ready` on, until the consumer leaves. Throws where it fell too far behind. */
export async function* watchDirectory(
  context: CapsuleContext,
  id: CapsuleId,
  { path, user, recursive }: PathCall & { readonly recursive: boolean },
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void> {
  const { guest } = requireServing(context, id);
  const leave = new AbortController();
  const options = { signal: AbortSignal.any([signal, leave.signal]), headers: userHeader(user) };
  try {
    for await (const { event } of guest.files.watchDir({ path, recursive }, options)) {
      if (event.case === 'start') yield { type: 'ready', name: '' };
      const type = event.case === 'filesystem' ? eventTypes[event.value.type] : undefined;
      if (event.case === 'filesystem' && type !== undefined) yield { type, name: event.value.name };
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw fromConnect(ConnectError.from(thrown), `watching ${path}`);
  } finally {
    leave.abort();
  }
}

const eventTypes: Partial<Record<EventType, WatchEvent['type']>> = {
  [EventType.CREATE]: 'created',
  [EventType.WRITE]: 'written',
  [EventType.REMOVE]: 'removed',
  [EventType.RENAME]: 'renamed',
  [EventType.CHMOD]: 'chmodded',
};

async function call<T>(
  context: CapsuleContext,
  id: CapsuleId,
  doing: string,
  signal: AbortSignal,
  make: (capsule: RunningCapsule, options: { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const capsule = requireServing(context, id);
  using _active = capsule.activity.begin();
  using limit = deadline(callDeadlineMs, doing, signal);
  return await guestCall(doing, make(capsule, { signal: limit }), limit);
}

const types: Partial<Record<FileType, FileEntry['type']>> = {
  [FileType.FILE]: 'file',
  [FileType.DIRECTORY]: 'directory',
  [FileType.SYMLINK]: 'symlink',
};

function entryFrom(entry: EntryInfo): FileEntry {
  const { name, path, size, mode, permissions, owner, group, symlinkTarget } = entry;
  return {
    ...{ name, path, size, mode, permissions, owner, group },
    type: types[entry.type] ?? 'unknown',
    modifiedAt: entry.modifiedTime?.seconds ?? 0n,
    ...(symlinkTarget === undefined ? {} : { symlinkTarget }),
  };
}

function requireEntry(entry: EntryInfo | undefined): FileEntry {
  if (entry !== undefined) return entryFrom(entry);
  throw new WrennError('agent_error', 'the guest did not say what it made');
}
