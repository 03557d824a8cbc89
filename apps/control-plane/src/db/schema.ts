import type { CapsuleState } from '@wrenn/core';
import type { ColumnType, Generated } from 'kysely';

/** The tables as the newest migration leaves them. UUIDs are text here; the stores turn them into IDs. */
export interface Schema {
  teams: TeamsTable;
  users: UsersTable;
  memberships: MembershipsTable;
  sessions: SessionsTable;
  one_time_tokens: OneTimeTokensTable;
  identities: IdentitiesTable;
  invitations: InvitationsTable;
  api_keys: ApiKeysTable;
  audit_chains: AuditChainsTable;
  audit_entries: AuditEntriesTable;
  channels: ChannelsTable;
  events: EventsTable;
  deliveries: DeliveriesTable;
  templates: TemplatesTable;
  template_names: TemplateNamesTable;
  template_tags: TemplateTagsTable;
  hosts: HostsTable;
  capsules: CapsulesTable;
  jobs: JobsTable;
  archives: ArchivesTable;
  archive_pieces: ArchivePiecesTable;
  builds: BuildsTable;
  build_log: BuildLogTable;
  reservations: ReservationsTable;
  daily_usage: DailyUsageTable;
  usage_progress: UsageProgressTable;
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
  audits_access: Generated<boolean>;
  created_at: Time;
  deleted_at: OptionalTime;
}

export const userStatuses = ['inactive', 'active', 'disabled', 'deleted'] as const;
export type UserStatus = (typeof userStatuses)[number];

interface UsersTable {
  id: string;
  email: string;
  password_hash: string | null;
  name: string;
  is_admin: Generated<boolean>;
  status: Generated<UserStatus>;
  created_at: Time;
  updated_at: Time;
  deleted_at: OptionalTime;
}

export const teamRoles = ['owner', 'admin', 'member'] as const;
export type TeamRole = (typeof teamRoles)[number];

interface MembershipsTable {
  team_id: string;
  user_id: string;
  role: TeamRole;
  is_default: Generated<boolean>;
  created_at: Time;
}

interface SessionsTable {
  id: string;
  user_id: string;
  team_id: string | null;
  user_agent: Generated<string>;
  address: Generated<string>;
  created_at: Time;
  last_seen_at: Time;
  expires_at: ColumnType<Date, Date | string, Date | string>;
  revoked_at: OptionalTime;
}

interface OneTimeTokensTable {
  hash: string;
  purpose: 'activation' | 'password_reset';
  user_id: string;
  created_at: Time;
  expires_at: ColumnType<Date, Date | string, never>;
}

interface IdentitiesTable {
  provider: string;
  subject: string;
  user_id: string;
  email: Generated<string>;
  created_at: Time;
}

interface InvitationsTable {
  id: string;
  team_id: string;
  email: string;
  role: Exclude<TeamRole, 'owner'>;
  token_hash: string;
  invited_by: string | null;
  created_at: Time;
  expires_at: ColumnType<Date, Date | string, Date | string>;
}

interface ApiKeysTable {
  id: string;
  team_id: string;
  name: string;
  key_hash: string;
  key_prefix: string;
  created_by: string | null;
  scopes: Generated<string[]>;
  expires_at: OptionalTime;
  audited_on: ColumnType<string | null, string | undefined, string>;
  created_at: Time;
  last_used: OptionalTime;
}

interface AuditChainsTable {
  team_id: string;
  /** A bigint, which the driver reads as text; so are all numbers of entries. */
  number: ColumnType<string, number | undefined, number | string>;
  digest: Buffer;
  removed_number: ColumnType<string, number | undefined, number | string>;
  removed_digest: Buffer;
  seal: Buffer;
}

export const actorTypes = ['user', 'api_key', 'system'] as const;
export type ActorType = (typeof actorTypes)[number];
export const auditScopes = ['team', 'admin'] as const;
export type AuditScope = (typeof auditScopes)[number];
export const auditStatuses = ['success', 'info', 'warning', 'error'] as const;
export type AuditStatus = (typeof auditStatuses)[number];

interface AuditEntriesTable {
  id: string;
  team_id: string;
  number: ColumnType<string, number | string, never>;
  actor_type: ActorType;
  actor_id: string | null;
  actor_name: Generated<string>;
  resource_type: string;
  resource_id: string | null;
  action: string;
  scope: AuditScope;
  status: AuditStatus;
  metadata: ColumnType<Readonly<Record<string, unknown>>, string | undefined, string>;
  created_at: ColumnType<Date, Date | string, never>;
  personal: ColumnType<Readonly<Record<string, string>>, string | undefined, string>;
  personal_salt: Buffer | null;
  personal_digest: Buffer;
  digest: Buffer;
}

export const channelProviders = [
  'discord',
  'slack',
  'teams',
  'googlechat',
  'telegram',
  'matrix',
  'webhook',
] as const;
export type ChannelProvider = (typeof channelProviders)[number];

interface ChannelsTable {
  id: string;
  team_id: string;
  name: string;
  provider: ChannelProvider;
  config: Buffer;
  event_types: Generated<string[]>;
  created_at: Time;
  updated_at: Time;
}

interface EventsTable {
  id: string;
  team_id: string;
  type: string;
  body: ColumnType<Readonly<Record<string, unknown>>, string, never>;
  created_at: Time;
}

export const deliveryStatuses = ['waiting', 'delivered', 'failed'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

interface DeliveriesTable {
  id: string;
  channel_id: string;
  event_id: string;
  status: Generated<DeliveryStatus>;
  attempts: Generated<number>;
  response_status: number | null;
  fault: string | null;
  attempted_at: OptionalTime;
  created_at: Time;
  finished_at: OptionalTime;
  repeats: string | null;
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
  image_id: string | null;
  host_id: string | null;
  facts: Json<Text>;
  source_capsule_id: string | null;
  default_workdir: Generated<string>;
  parent_id: string | null;
  build_id: string | null;
  layer_key: string | null;
  layer_used_at: OptionalTime;
  ready_at: OptionalTime;
  deleted_at: OptionalTime;
}

export const visibilities = ['team', 'public'] as const;
export type Visibility = (typeof visibilities)[number];

interface TemplateNamesTable {
  team_id: string;
  name: string;
  alias_of: string | null;
  visibility: Generated<Visibility>;
  created_at: Time;
}

interface TemplateTagsTable {
  team_id: string;
  name: string;
  tag: string;
  template_id: string;
  created_at: Time;
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
  asked: OptionalJson;
  build_id: string | null;
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
  actor: ColumnType<unknown, string | undefined, never>;
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

interface ArchivesTable {
  id: string;
  team_id: string;
  size_bytes: ColumnType<string, number | undefined, number>;
  sha256: string | null;
  created_at: Time;
  ready_at: OptionalTime;
}

interface ArchivePiecesTable {
  archive_id: string;
  position: number;
  bytes: Buffer;
}

export const buildStatuses = ['pending', 'running', 'success', 'failed', 'cancelled'] as const;
export type BuildStatus = (typeof buildStatuses)[number];

interface BuildsTable {
  id: string;
  team_id: string;
  name: string;
  request: ColumnType<unknown, string, never>;
  actor: ColumnType<unknown, string, never>;
  credentials: Buffer | null;
  archive_id: string | null;
  bases: Generated<string[]>;
  vcpus: number;
  memory_mb: number;
  status: Generated<BuildStatus>;
  current_step: Generated<number>;
  total_steps: Generated<number>;
  error: OptionalJson;
  template_id: string | null;
  cancel_asked_at: OptionalTime;
  lease_until: OptionalTime;
  attempts: Generated<number>;
  created_at: Time;
  started_at: OptionalTime;
  completed_at: OptionalTime;
}

export const buildEntryKinds = ['begin', 'stdout', 'stderr', 'note', 'end'] as const;
export type BuildEntryKind = (typeof buildEntryKinds)[number];

interface BuildLogTable {
  build_id: string;
  seq: number;
  step: number;
  kind: BuildEntryKind;
  at: Time;
  body: ColumnType<unknown, string, never>;
}

interface ReservationsTable {
  /** A bigint, which the driver reads as text. */
  id: ColumnType<string, never, never>;
  capsule_id: string;
  team_id: string;
  vcpus: number;
  memory_mb: number;
  is_running: boolean;
  since: ColumnType<Date, Date | string, Date | string>;
  until: OptionalTime;
}

interface DailyUsageTable {
  team_id: string;
  /** The driver would read it as midnight of this machine: select it as text. */
  date: ColumnType<Date, string, string>;
  /** Numerics, which the driver reads as text. */
  cpu_seconds: string;
  ram_mb_seconds: string;
  cpu_minutes: ColumnType<string, never, never>;
  ram_mb_minutes: ColumnType<string, never, never>;
}

interface UsageProgressTable {
  is_only: Generated<boolean>;
  next_day: ColumnType<Date, string, string>;
}
