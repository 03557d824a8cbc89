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
export { type FileMappingOptions, MemoryMapping, mapAnonymous, mapFile } from './memory-mapping.ts';
export { openPipe, type PipeEnds } from './pipe.ts';
export { pollDescriptors, type Readiness } from './poll.ts';
export { putBeforeOthers } from './priority.ts';
export { openProcess, signalProcess } from './process-descriptor.ts';
export { msSinceReceived } from './received.ts';
export { type DataRange, dataRanges, punchHole } from './sparse.ts';
export { makeSpecialFile } from './special-file.ts';
export { attachTap } from './tap.ts';
export { openTerminal, resizeTerminal, type TerminalEnds, type TerminalSize } from './terminal.ts';
export {
  acceptUnix,
  connectUnix,
  listenUnix,
  type PeerCredentials,
  peerCredentials,
  type Received,
  receiveWithDescriptors,
  sendWithDescriptors,
} from './unix-socket.ts';
export {
  copyPages,
  openUserfaultfd,
  type PageOutcome,
  readUserfaults,
  registerMissing,
  type UserfaultEvent,
  type UserfaultFeature,
  unregisterRange,
  wakeRange,
  zeroPages,
} from './userfaultfd.ts';
export { listXattrs, readXattr, removeXattr, writeXattr, type XattrTarget } from './xattr.ts';
