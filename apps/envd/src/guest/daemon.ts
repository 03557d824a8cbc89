import { WrennError } from '@wrenn/core';
import type { AccessControl } from '../access/access-control.ts';
import type { ConnectionTracker } from '../http/connections.ts';
import type { MetadataReader } from '../metadata-service/metadata-reader.ts';
import type { PortSubsystem } from '../ports/port-subsystem.ts';
import type { ProcessTable } from '../process/process-table.ts';
import type { Accounts } from '../users/accounts.ts';
import type { Workload } from '../workload/workload.ts';
import type { Machine } from './machine.ts';
import type { Settings } from './settings.ts';

/** Everything of one running daemon. What changes is `settings`, which `/init` replaces as a whole. */
export interface Daemon {
  settings: Settings;
  /** `waiting`: no `/init` has come yet, so no process may start. `prepared`: nor may one now, until the next. */
  phase: 'waiting' | 'serving' | 'prepared';
  readonly searchPath: string;
  readonly accounts: Accounts;
  readonly access: AccessControl;
  readonly connections: ConnectionTracker;
  readonly processes: ProcessTable;
  /** Words that start a program in a terminal. */
  readonly terminalLauncher: readonly string[];
  readonly workload: Workload;
  readonly ports: PortSubsystem;
  readonly machine: Machine;
  readonly metadata: MetadataReader;
}

/**
 * Throws `invalid_state` before the first `/init`: nothing of the user's may run on a clock and identity not ours; and
 * `host_unavailable` while the machine is about to be copied, when nothing may change.
 */
export function requireServing({ phase }: Daemon): void {
  switch (phase) {
    case 'serving':
      return;
    case 'waiting':
      throw new WrennError('invalid_state', 'the capsule is not initialised yet', {
        remedy: 'the host initialises it before it is handed out',
      });
    case 'prepared':
      throw new WrennError('host_unavailable', 'the capsule is being paused', {
        remedy: 'try again when it runs',
      });
  }
}
