import { type PostgresVersion, postgresMissing, postgresVersions } from '@wrenn/testkit';
import { describeUnless } from '@wrenn/testkit/describe-unless';

/** The tests of `what` on each version of PostgreSQL; of one that this machine does not have, the reason is told. */
export function describeOnEachPostgres(
  what: string,
  tests: (version: PostgresVersion) => void,
  options?: Parameters<typeof describeUnless>[3],
): void {
  for (const version of postgresVersions) {
    describeUnless(
      postgresMissing(version),
      `${what}, on PostgreSQL ${version}`,
      () => tests(version),
      options,
    );
  }
}
