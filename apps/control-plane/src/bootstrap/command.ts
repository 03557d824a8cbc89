import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '@wrenn/core';
import type { ControlPlaneConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { bootstrap } from './bootstrap.ts';
import { ensureFirstAdmin, type FirstAdmin } from './first-admin.ts';

/** `bootstrap [--api-key-file PATH] [--host-address HOST:PORT] [--first-admin]`; prints the result as one line of JSON. */
export async function bootstrapCommand(
  config: ControlPlaneConfig,
  args: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'api-key-file': { type: 'string', default: join(config.directory, 'api-key') },
      'host-address': { type: 'string', default: '127.0.0.1:50051' },
      'first-admin': { type: 'boolean', default: false },
    },
  });
  const { 'api-key-file': keyFile, 'host-address': hostAddress, 'first-admin': wantsAdmin } = values;
  const found = await bootstrap(config, keyFile, hostAddress, new Date());
  const result = { ...found, ...(wantsAdmin ? await firstAdmin(config) : {}) };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return { ...result };
}

async function firstAdmin(config: ControlPlaneConfig): Promise<FirstAdmin | undefined> {
  const database = openDatabase(config.databaseUrl, (fault) => {
    process.stderr.write(`database: ${describeError(fault)}\n`);
  });
  try {
    return await ensureFirstAdmin(config, database);
  } finally {
    await database.destroy();
  }
}
