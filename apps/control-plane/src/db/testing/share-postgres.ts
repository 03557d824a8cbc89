import { sharePostgres } from '@wrenn/testkit';
import { migrateUrl } from '../migrator.ts';

/** One server of each version for all files: to make one takes longer than most of them. */
export default async function setUp(): Promise<() => Promise<void>> {
  const servers = await sharePostgres(migrateUrl);
  return async () => await servers[Symbol.asyncDispose]();
}
