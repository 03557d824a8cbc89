import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { describeOnEachPostgres } from './on-each-postgres.ts';
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
  describeOnEachPostgres(what, (version) => {
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
