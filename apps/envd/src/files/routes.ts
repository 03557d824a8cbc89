import type { Daemon } from '../guest/daemon.ts';
import type { Route } from '../http/router.ts';

/** `/files` and `/files/compose`. */
export function fileRoutes(_daemon: Daemon): readonly Route[] {
  return [];
}
