create type host_type as enum ('regular', 'byoc');
create type host_status as enum ('pending', 'online', 'unreachable', 'offline');
create type capsule_status as enum ('pending', 'starting', 'running', 'paused', 'stopped', 'missing', 'error');

create table teams (
  id uuid primary key,
  name text not null,
  slug text not null unique,
  is_byoc boolean not null default false,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);
insert into teams (id, name, slug) values ('00000000-0000-0000-0000-000000000000', 'Platform', 'platform');

create table api_keys (
  id uuid primary key,
  team_id uuid not null references teams (id) on delete cascade,
  name text not null,
  -- SHA-256 of the key, in hex: the key itself is shown once and never stored.
  key_hash text not null unique check (key_hash ~ '^[0-9a-f]{64}$'),
  key_prefix text not null,
  created_at timestamptz not null default now(),
  last_used timestamptz
);
create index api_keys_team on api_keys (team_id);

create table templates (
  id uuid primary key,
  team_id uuid not null references teams (id),
  name text not null,
  default_user text not null default 'user',
  default_env jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (team_id, name)
);
insert into templates (id, team_id, name)
values ('00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', 'minimal');

create table hosts (
  id uuid primary key,
  type host_type not null default 'regular',
  team_id uuid references teams (id),
  status host_status not null default 'pending',
  address text not null,
  arch text not null default '',
  cpu_cores integer not null default 0 check (cpu_cores >= 0),
  memory_mb integer not null default 0 check (memory_mb >= 0),
  disk_gb integer not null default 0 check (disk_gb >= 0),
  engine text not null default '',
  isolation text not null default '',
  agent_version text not null default '',
  templates text[] not null default '{}',
  -- Of the agent's last start that was seen.
  epoch text not null default '',
  last_heartbeat_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table capsules (
  id uuid primary key,
  team_id uuid not null references teams (id),
  host_id uuid not null references hosts (id),
  template_id uuid not null references templates (id),
  template text not null,
  status capsule_status not null default 'pending',
  vcpus integer not null check (vcpus > 0),
  memory_mb integer not null check (memory_mb > 0),
  disk_size_mb integer not null check (disk_size_mb > 0),
  timeout_sec integer not null check (timeout_sec >= 0),
  -- What the user attached, and what the host told of the machine.
  metadata jsonb not null default '{}',
  facts jsonb not null default '{}',
  host_ip text not null default '',
  created_at timestamptz not null default now(),
  started_at timestamptz,
  last_active_at timestamptz,
  last_updated timestamptz not null default now()
);
create index capsules_team on capsules (team_id, created_at desc, id desc);
-- What placement adds up and the monitor compares; stopped capsules, which stay for ever, are not in it.
create index capsules_on_host on capsules (host_id) include (vcpus, memory_mb, disk_size_mb, status)
  where status not in ('stopped', 'error');
