import { describeError, type HostId, type TeamId, WrennError } from '@wrenn/core';
import type { ControlPlaneConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { migrate } from '../db/migrator.ts';
import { ensureHost } from '../hosts/store.ts';
import { ensurePki } from '../pki/ensure.ts';
import { pkiPaths } from '../pki/paths.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { ensureKeyFile } from './key-file.ts';

export interface BootstrapResult {
  readonly api_key_file: string;
  readonly host_id: HostId;
  readonly team_id: TeamId;
}

/**
 * Makes an installation whole: schema, certificates, the row of this machine, a team with a key. Whatever is there
 * and good stays, so it runs before each start.
 */
export async function bootstrap(
  config: ControlPlaneConfig,
  keyFile: string,
  hostAddress: string,
  now: Date,
): Promise<BootstrapResult> {
  const database = openDatabase(config.databaseUrl, (fault) => {
    process.stderr.write(`database: ${describeError(fault)}\n`);
  });
  try {
    const [hostId] = await Promise.all([
      ensurePki(pkiPaths(config.directory), hostOf(hostAddress), now),
      migrate(database, config.databaseUrl),
    ]);
    await ensureHost(database, hostId, hostAddress);
    const teamId = await ensureDefaultTeam(database);
    await ensureKeyFile(database, teamId, keyFile);
    return { api_key_file: keyFile, host_id: hostId, team_id: teamId };
  } finally {
    await database.destroy();
  }
}

/** The part of `host:port` that stands in the certificate. */
function hostOf(address: string): string {
  const host = /^(?:\[([0-9a-f:]+)\]|([^:]+)):\d{1,5}$/i.exec(address);
  if (host === null) {
    throw new WrennError('invalid_request', `--host-address: ${address} is not host:port`, {
      field: 'host-address',
    });
  }
  return host[1] ?? host[2] ?? '';
}
