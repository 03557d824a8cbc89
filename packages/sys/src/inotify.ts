import { checked, nativeFunction } from './libc.ts';

// SAFETY: integers only, but for `path`, which koffi copies into a C string that lives until the call returns, and
// `count`, room for one 32-bit int that the kernel fills during the call.
const inotifyInit = nativeFunction('int inotify_init1(int flags)');
const inotifyAdd = nativeFunction('int inotify_add_watch(int fd, const char *path, uint32_t mask)');
const inotifyRemove = nativeFunction('int inotify_rm_watch(int fd, int watch)');
const ioctl = nativeFunction('int ioctl(int fd, unsigned long request, void *count)');

/** IN_CLOEXEC, the same number on x86-64 and arm64, as is FIONREAD. */
const closeOnExec = 0o2000000;
const bytesToRead = 0x541b;

/** The bits of an event and of what is asked for; from linux/inotify.h. */
export const inotifyBits = {
  modify: 0x2,
  attributes: 0x4,
  movedFrom: 0x40,
  movedTo: 0x80,
  create: 0x100,
  delete: 0x200,
  deleteSelf: 0x400,
  moveSelf: 0x800,
  unmount: 0x2000,
  /** The kernel dropped events, for all watches. Comes with a watch of -1. */
  overflow: 0x4000,
  /** The watch is gone: it was removed, or what it watched was. */
  ignored: 0x8000,
  onlyDirectory: 0x1000000,
  /** No events for files that have been unlinked, and are still written by who has them open. */
  excludeUnlinked: 0x4000000,
  isDirectory: 0x40000000,
} as const;

export interface InotifyEvent {
  /** -1 for an overflow. */
  readonly watch: number;
  readonly bits: number;
  /** The same in both events of one move; otherwise 0. */
  readonly cookie: number;
  /** Of the entry in the watched directory; empty when the event is about the directory itself. */
  readonly name: string;
}

/** struct inotify_event without its name. */
const headerBytes = 16;

/**
 * A descriptor of its own queue of events, which reads block on; the caller closes it. A read into fewer than 272
 * bytes may fail, since an event is never cut. Throws SystemCallError: EMFILE when this user has too many.
 */
export function openInotify(): number {
  return checked('inotify_init1', inotifyInit(closeOnExec));
}

/**
 * Watches `path` for what `bits` say and returns the watch's number: that of the watch that is there when the same
 * file or directory is watched already, whatever its path. Throws SystemCallError: ENOSPC when there are too many.
 */
export function addInotifyWatch(fd: number, path: string, bits: number): number {
  return checked('inotify_add_watch', inotifyAdd(fd, path, bits));
}

/** An `ignored` event follows. Throws SystemCallError: EINVAL for a watch that is gone. */
export function removeInotifyWatch(fd: number, watch: number): void {
  checked('inotify_rm_watch', inotifyRemove(fd, watch));
}

/** How many bytes of events wait to be read. Throws SystemCallError. */
export function unreadInotifyBytes(fd: number): number {
  const count = new Int32Array(1);
  checked('ioctl FIONREAD', ioctl(fd, bytesToRead, count));
  return count[0] ?? 0;
}

/** The events in what one read gave, one after the other. What is no whole event at the end is left out. */
export function* parseInotifyEvents(bytes: Buffer): Generator<InotifyEvent> {
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const nameEnd = at + headerBytes + bytes.readUInt32LE(at + 12);
    if (nameEnd > bytes.length) return;
    // Padded with NULs, at least one where there is a name.
    const name = bytes.subarray(at + headerBytes, nameEnd);
    const length = name.indexOf(0);
    yield {
      watch: bytes.readInt32LE(at),
      bits: bytes.readUInt32LE(at + 4),
      cookie: bytes.readUInt32LE(at + 8),
      name: name.toString('utf8', 0, length === -1 ? name.length : length),
    };
    at = nameEnd;
  }
}
