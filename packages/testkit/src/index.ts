export type { FakeHostTls } from './fake-agent-server.ts';
export { type FakeCapsule, FakeHostAgent, type FakeHostFacts } from './fake-host-agent.ts';
export { FakePausingHost } from './fake-pausing-host.ts';
export { FakeStateHost } from './fake-state-host.ts';
export {
  type PostgresVersion,
  postgresMissing,
  postgresVersions,
  type TestDatabases,
  testDatabases,
} from './postgres.ts';
