export { type FakeCapsule, FakeHostAgent, type FakeHostFacts, type FakeHostTls } from './fake-host-agent.ts';
export {
  type PostgresVersion,
  postgresMissing,
  postgresVersions,
  type TestDatabases,
  testDatabases,
} from './postgres.ts';
