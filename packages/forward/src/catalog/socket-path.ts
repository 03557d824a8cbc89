import { join } from 'node:path';

/** Where the agent of a machine tells its capsules. `directory` is `WRENN_DIR`. */
export function trafficSocket(directory: string): string {
  return join(directory, 'run', 'traffic.sock');
}
