import type { Daemon } from '../guest/daemon.ts';
import type { Route } from '../http/router.ts';

/** `/metrics` and `/envs`. */
export function metricsRoutes(_daemon: Daemon): readonly Route[] {
  return [];
}
