export type { FakeHostTls } from './fake-agent-server.ts';
export { FakeHost } from './fake-host/fake-host.ts';
export { type FakeCapsule, FakeHostAgent, type FakeHostFacts } from './fake-host-agent.ts';
export { FakePausingHost } from './fake-pausing-host.ts';
export { FakeProgram } from './fake-program.ts';
export { FakeSessionHost } from './fake-session-host.ts';
export { FakeStateHost } from './fake-state-host.ts';
export {
  type PostgresVersion,
  postgresMissing,
  postgresVersions,
  sharePostgres,
  type TestDatabases,
  testDatabases,
} from './postgres.ts';
export { processesNaming } from './processes.ts';
export { runCyclingGuest } from './userfault-peer/cycling-guest.ts';
export { GuestMemory, type HandoverOptions, type TouchAll } from './userfault-peer/guest-memory.ts';
export type { OddHandover } from './userfault-peer/handover.ts';
export { markerAt, markerOf } from './userfault-peer/memory-task.ts';
export type { PeerOpening } from './userfault-peer/peer-protocol.ts';
export { UserfaultPeer } from './userfault-peer/userfault-peer.ts';
