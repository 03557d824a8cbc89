import { access, constants } from 'node:fs/promises';
import { type Report, runStep } from '@wrenn/core';
import { apt } from './apt.ts';

/** Debian packages whose programs only tests run, each with one of them. */
const packages = {
  'btrfs-progs': '/usr/sbin/mkfs.btrfs',
  // Without libraries, for a root that has none.
  'busybox-static': '/usr/bin/busybox',
  chromium: '/usr/bin/chromium',
  git: '/usr/bin/git',
  openssl: '/usr/bin/openssl',
  // Its service is not wanted, and does no harm where it runs: the tests start one of their own.
  prometheus: '/usr/bin/prometheus',
  socat: '/usr/bin/socat',
  xfsprogs: '/usr/sbin/mkfs.xfs',
} as const;

/** Installs the programs that tests drive the guest daemon with on this machine itself, and make file systems with. */
export async function installTestPrograms(report: Report): Promise<void> {
  await runStep(report, 'programs of the tests', async (note) => {
    const missing: string[] = [];
    for (const [name, program] of Object.entries(packages)) {
      if (!(await isExecutable(program))) missing.push(name);
    }
    if (missing.length === 0) return { value: undefined, cached: true };
    note(`installing ${missing.join(', ')}`);
    await apt(['update', '-q']);
    await apt(['install', '-y', '-q', '--no-install-recommends', ...missing]);
    return { value: undefined, cached: false };
  });
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
