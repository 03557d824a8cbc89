import type { ServiceImpl } from '@connectrpc/connect';
import type { Filesystem } from '@wrenn/protocol/filesystem';
import type { Daemon } from '../guest/daemon.ts';

/** The watchers of `filesystem.Filesystem`. */
export function watchService(_daemon: Daemon): Partial<ServiceImpl<typeof Filesystem>> {
  return {};
}
