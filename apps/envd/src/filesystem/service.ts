import type { ServiceImpl } from '@connectrpc/connect';
import type { Filesystem } from '@wrenn/protocol/filesystem';
import type { Daemon } from '../guest/daemon.ts';

/** `filesystem.Filesystem` but for the watchers. */
export function filesystemService(_daemon: Daemon): Partial<ServiceImpl<typeof Filesystem>> {
  return {};
}
