import { postgresMissing, postgresVersions, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { describeUnless } from '@wrenn/testkit/describe-unless';
import { afterAll, beforeAll } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { startTestServer, type TestAgent, type TestServer, type TestServerOptions } from './test-server.ts';

/**
 * The tests of `what` on each version of PostgreSQL, each with a control plane and a database of its own. `tests` gets how
 * to reach the server, which is there once a test, or a `beforeAll` of theirs, runs.
 */
export function describeOnPostgres<A extends TestAgent>(
  what: string,
  options: Omit<TestServerOptions<A>, 'databaseUrl'>,
  tests: (server: () => TestServer<A>) => void,
): void {
  for (const version of postgresVersions) {
    const missing = postgresMissing(version);

    describeUnless(missing, `${what}, on PostgreSQL ${version}`, () => {
      let databases: TestDatabases;
      let server: TestServer<A>;

      beforeAll(async () => {
        databases = await testDatabases(version, migrateUrl);
        server = await startTestServer({ ...options, databaseUrl: await databases.fresh() });
      });
      afterAll(async () => {
        await server?.[Symbol.asyncDispose]();
        await databases?.[Symbol.asyncDispose]();
      });

      tests(() => server);
    });
  }
}
