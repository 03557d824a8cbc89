import type { CapsuleState } from '@wrenn/core';
import type { ColumnType, Generated } from 'kysely';

/** The tables as the newest migration leaves them. UUIDs are text here; the stores turn them into IDs. */
export interface Schema {
  teams: TeamsTable;
  api_keys: ApiKeysTable;
  templates: TemplatesTable;
  hosts: HostsTable;
  capsules: CapsulesTable;
  jobs: JobsTable;
}

type Text = Readonly<Record<string, string>>;
/** Written as JSON text, read as what it holds. */
type Json<T> = ColumnType<T, string | undefined, string>;
type Time = ColumnType<Date, Date | string | undefined, Date | string>;
type OptionalTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;

interface TeamsTable {
  id: string;
  name: string;
  slug: string;
  is_byoc: Generated<boolean>;
  created_at: Time;
  deleted_at: OptionalTime;
}

interface ApiKeysTable {
  id: string;
  team_id: string;
  name: string;
  key_hash: string;
  key_prefix: string;
  created_at: Time;
  last_used: OptionalTime;
}

interface TemplatesTable {
  id: string;
  team_id: string;
  name: string;
  default_user: Generated<string>;
  default_env: Json<Text>;
  created_at: Time;
  type: Generated<'base' | 'snapshot'>;
  vcpus: number | null;
  memory_mb: number | null;
  /** A bigint, which the driver reads as text. */
  size_bytes: ColumnType<string, number | undefined, number>;
  snapshot_id: string | null;
  host_id: string | null;
  facts: Json<Text>;
  source_capsule_id: string | null;
  ready_at: OptionalTime;
  deleted_at: OptionalTime;
}

export const hostStatuses = ['pending', 'online', 'unreachable', 'offline'] as const;
export type HostStatus = (typeof hostStatuses)[number];

interface HostsTable {
  id: string;
  type: Generated<'regular' | 'byoc'>;
  team_id: string | null;
  status: Generated<HostStatus>;
  address: string;
  arch: Generated<string>;
  cpu_cores: Generated<number>;
  memory_mb: Generated<number>;
  disk_gb: Generated<number>;
  engine: Generated<string>;
  isolation: Generated<string>;
  agent_version: Generated<string>;
  templates: Generated<string[]>;
  epoch: Generated<string>;
  relay_port: number | null;
  last_heartbeat_at: OptionalTime;
  created_at: Time;
  updated_at: Time;
}

interface CapsulesTable {
  id: string;
  team_id: string;
  host_id: string;
  template_id: string;
  template: string;
  status: Generated<CapsuleState>;
  vcpus: number;
  memory_mb: number;
  disk_size_mb: number;
  timeout_sec: number;
  metadata: Json<Text>;
  facts: Json<Text>;
  host_ip: Generated<string>;
  auto_resume: Generated<boolean>;
  public_ports: Generated<boolean>;
  access_generation: Generated<number>;
  created_at: Time;
  started_at: OptionalTime;
  paused_at: OptionalTime;
  last_active_at: OptionalTime;
  last_updated: Time;
}

export const jobStatuses = ['running', 'succeeded', 'failed', 'unknown'] as const;
export type JobStatus = (typeof jobStatuses)[number];

type OptionalJson = ColumnType<unknown, string | null | undefined, string | null>;

interface JobsTable {
  id: string;
  team_id: string;
  capsule_id: string | null;
  kind: string;
  request: ColumnType<unknown, string, string>;
  idempotency_key: string | null;
  status: Generated<JobStatus>;
  result: OptionalJson;
  error: OptionalJson;
  steps: Json<unknown>;
  lease_until: ColumnType<Date, Date | string, Date | string>;
  attempts: Generated<number>;
  created_at: Time;
  finished_at: OptionalTime;
}
