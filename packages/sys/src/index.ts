export { stepWallClock, wallClockNs } from './clock.ts';
export { type Credentials, withFilePermissionsOf, withGroupsForChild } from './credentials.ts';
export { closeOnExecFrom } from './descriptors.ts';
export { nextDirectoryNames } from './directory-names.ts';
export { watchEndingSignal } from './ending-signal.ts';
export { reseedRandomPool } from './entropy.ts';
export { setHostname } from './hostname.ts';
export {
  addInotifyWatch,
  type InotifyEvent,
  inotifyBits,
  openInotify,
  parseInotifyEvents,
  removeInotifyWatch,
  unreadInotifyBytes,
} from './inotify.ts';
export { SystemCallError } from './libc.ts';
export { listenShared } from './listen.ts';
export { forgetCodePages } from './memory.ts';
export { openPipe, type PipeEnds } from './pipe.ts';
export { msSinceReceived } from './received.ts';
export { type DataRange, dataRanges, punchHole } from './sparse.ts';
export { makeSpecialFile } from './special-file.ts';
export { openTerminal, resizeTerminal, type TerminalEnds, type TerminalSize } from './terminal.ts';
export { listXattrs, readXattr, removeXattr, writeXattr, type XattrTarget } from './xattr.ts';
