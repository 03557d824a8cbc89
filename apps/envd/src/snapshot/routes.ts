import type { Daemon } from '../guest/daemon.ts';
import type { Route } from '../http/router.ts';

/** `/snapshot/prepare`. */
export function snapshotRoutes(_daemon: Daemon): readonly Route[] {
  return [];
}
