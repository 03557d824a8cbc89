import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Report, runStep } from '@wrenn/core';
import { apt } from './apt.ts';

const program = '/usr/lib/postgresql/15/bin/postgres';

/** Debian's scripts read it when they install a server: without it they would create and start one of their own. */
const dropIn = '/etc/postgresql-common/createcluster.d/wrenn-tests.conf';

/** Installs Debian's PostgreSQL 15, the oldest one that is supported: its programs only, no server runs. */
export async function installOldPostgres(report: Report): Promise<void> {
  await runStep(report, 'PostgreSQL 15', async (note) => {
    if (existsSync(program)) return { value: undefined, cached: true };
    await mkdir(join(dropIn, '..'), { recursive: true });
    await writeFile(dropIn, 'create_main_cluster = false\n');
    try {
      note('refreshing the package lists');
      await apt(['update', '-q']);
      note('installing');
      await apt(['install', '-y', '-q', '--no-install-recommends', 'postgresql-15']);
    } finally {
      await rm(dropIn);
    }
    return { value: undefined, cached: false };
  });
}
