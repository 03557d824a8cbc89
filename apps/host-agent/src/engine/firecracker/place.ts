import { constants } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';

/**
 * Where every VMM sees its machine's directory. A snapshot names its drives by their paths, and is to be restored by
 * whichever machine: so all of them see theirs at one place, each in a mount namespace of its own.
 */
export const directoryView = '/tmp/fc-vm';

/** Names in a machine's directory. Those of files from elsewhere are empty, and covered by the file in the VMM's view. */
const names = {
  control: 'api.sock',
  pageServer: 'uffd.sock',
  kernel: 'kernel',
  initrd: 'initrd',
  rootfs: 'rootfs',
  runtime: 'runtime',
  memoryBase: 'memory-base',
  deviceState: 'device-state',
  log: 'log',
  console: 'console',
  said: 'vmm.log',
  devices: 'devices',
  workingSet: 'working-set',
  pageServerJob: 'page-server.json',
  pageServerLog: 'page-server.log',
} as const;
export type PlaceName = keyof typeof names;

export function inView(name: PlaceName): string {
  return `${directoryView}/${names[name]}`;
}

export function inPlace(directory: string, name: PlaceName): string {
  return `${directory}/${names[name]}`;
}

/** Makes what the view is mounted over; on a machine where users may write to /tmp, somebody may have been there first. */
export async function makeViewPoint(path = directoryView): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o711 });
  const { uid, mode } = await lstat(path);
  const isDirectory = (mode & constants.S_IFMT) === constants.S_IFDIR;
  if (isDirectory && uid === 0 && (mode & 0o022) === 0) return;
  throw new WrennError('missing_prerequisite', `${path} is not a directory that only root writes to`, {
    remedy: `remove ${path}`,
  });
}
