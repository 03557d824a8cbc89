import type { Logger } from '@wrenn/service';
import type { Recorder } from './audit/recorder.ts';
import type { ControlPlaneConfig } from './config.ts';
import type { Database } from './db/database.ts';
import type { AgentPool } from './hosts/agent-pool.ts';
import type { InFlight } from './in-flight.ts';
import type { RateLimits } from './limits/rate-limits.ts';
import type { LiveHub } from './live/hub.ts';
import type { Mailer } from './mail/mail.ts';
import type { Queues } from './queues/queues.ts';
import type { Secrets } from './secrets/secrets.ts';
import type { Watcher } from './worker.ts';

/** Every service of the control plane; what routes, workers and extensions work with. */
export interface ServerContext {
  readonly version: string;
  readonly config: ControlPlaneConfig;
  readonly secrets: Secrets;
  readonly log: Logger;
  readonly database: Database;
  /** Work that waits in the database. */
  readonly queues: Queues;
  /** The audit log, and the events that channels are told. */
  readonly recorder: Recorder;
  readonly mailer: Mailer;
  /** Who is told of what changes. */
  readonly live: LiveHub;
  readonly limits: RateLimits;
  readonly agents: AgentPool;
  readonly hostMonitor: Watcher;
  /** Operations that go on when their client is gone; a stop waits for them. */
  readonly operations: InFlight;
}
