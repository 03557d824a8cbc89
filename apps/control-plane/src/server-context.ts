import type { Logger } from '@wrenn/service';
import type { ControlPlaneConfig } from './config.ts';
import type { Database } from './db/database.ts';
import type { AgentPool } from './hosts/agent-pool.ts';
import type { HostMonitor } from './hosts/monitor.ts';
import type { InFlight } from './in-flight.ts';
import type { Secrets } from './secrets/secrets.ts';

/** Every service of the control plane; what routes, workers and extensions work with. */
export interface ServerContext {
  readonly version: string;
  readonly config: ControlPlaneConfig;
  readonly secrets: Secrets;
  readonly log: Logger;
  readonly database: Database;
  readonly agents: AgentPool;
  readonly hostMonitor: HostMonitor;
  /** Operations that go on when their client is gone; a stop waits for them. */
  readonly operations: InFlight;
}
