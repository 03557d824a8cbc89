import { join } from 'node:path';
import { WrennError } from '@wrenn/core';
import { embeddedPostgresUrl } from '@wrenn/postgres';
import type { UpConfig } from '../config.ts';
import { startDatabase } from './database.ts';
import { DirectoryLock } from './directory-lock.ts';

/**
 * Does something with the database of this machine's installation: that of `DATABASE_URL`, the embedded one of a Wrenn that
 * runs, or the embedded one, started for as long as it takes.
 */
export async function withDatabase<T>(
  config: UpConfig,
  announce: (line: string) => void,
  signal: AbortSignal,
  work: (databaseUrl: string) => Promise<T>,
): Promise<T> {
  if (config.databaseUrl !== '') return await work(config.databaseUrl);
  await using lock = await lockUnlessRunning(config.directory, signal);
  if (lock === undefined) return await work(await embeddedPostgresUrl(join(config.directory, 'postgres')));
  const database = await startDatabase(config, announce, signal);
  try {
    return await work(database.url);
  } finally {
    await database.stop();
  }
}

/** Undefined where a Wrenn runs there. */
async function lockUnlessRunning(directory: string, signal: AbortSignal): Promise<DirectoryLock | undefined> {
  try {
    return await DirectoryLock.take(directory, signal);
  } catch (thrown) {
    if (thrown instanceof WrennError && thrown.code === 'conflict') return undefined;
    throw thrown;
  }
}
