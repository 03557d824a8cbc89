create type user_status as enum ('inactive', 'active', 'disabled', 'deleted');
create table users (
  id uuid primary key,
  email text not null check (email = lower(email) and char_length(email) between 3 and 254),
  -- In PHC form; null for who only signs in through a provider.
  password_hash text,
  name text not null check (char_length(name) between 1 and 100),
  is_admin boolean not null default false,
  status user_status not null default 'inactive',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- The row goes, with all that is personal in it, when the time of grace is over.
  deleted_at timestamptz,
  check ((status = 'deleted') = (deleted_at is not null))
);
-- Whoever deleted their account may sign up with its address again.
create unique index users_email on users (email) where status <> 'deleted';

create type team_role as enum ('owner', 'admin', 'member');
create table memberships (
  team_id uuid not null references teams (id) on delete cascade,
  user_id uuid not null references users (id) on delete cascade,
  role team_role not null,
  -- The team that a new session begins with.
  is_default boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (team_id, user_id)
);
create index memberships_user on memberships (user_id);
create unique index memberships_owner on memberships (team_id) where role = 'owner';
create unique index memberships_default on memberships (user_id) where is_default;

create table sessions (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  -- The team it acts for; whether its user is a member is asked at each request.
  team_id uuid references teams (id) on delete set null,
  user_agent text not null default '',
  address text not null default '',
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index sessions_user on sessions (user_id, created_at desc);
create index sessions_expiry on sessions (expires_at);

create type token_purpose as enum ('activation', 'password_reset');
create table one_time_tokens (
  -- SHA-256, in hex: the token itself is only in the mail.
  hash text primary key check (hash ~ '^[0-9a-f]{64}$'),
  purpose token_purpose not null,
  user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index one_time_tokens_user on one_time_tokens (user_id);
create index one_time_tokens_expiry on one_time_tokens (expires_at);

-- Accounts at other services that somebody signs in with.
create table identities (
  provider text not null,
  subject text not null,
  user_id uuid not null references users (id) on delete cascade,
  email text not null default '',
  created_at timestamptz not null default now(),
  primary key (provider, subject),
  unique (user_id, provider)
);

create table invitations (
  id uuid primary key,
  team_id uuid not null references teams (id) on delete cascade,
  email text not null check (email = lower(email)),
  role team_role not null check (role <> 'owner'),
  token_hash text not null unique check (token_hash ~ '^[0-9a-f]{64}$'),
  invited_by uuid references users (id) on delete set null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  unique (team_id, email)
);

alter table api_keys
  add column created_by uuid references users (id) on delete set null,
  -- What it may be used for; `all` is everything that a key can do.
  add column scopes text[] not null default '{all}' check (cardinality(scopes) > 0),
  add column expires_at timestamptz;
create index api_keys_creator on api_keys (created_by) where created_by is not null;

alter table teams
  -- Whether commands and files are in its audit log too.
  add column audits_access boolean not null default false;

alter table jobs
  -- Who asked for it; another process that goes on with it writes it to the audit log.
  add column actor jsonb not null default '{"type": "system"}';
alter table capsules
  -- While it is being made: what was asked for and by whom, for whoever finds out how that ended.
  add column asked jsonb;
create index jobs_team on jobs (team_id);
create index capsules_live on capsules (team_id) where status not in ('stopped', 'error');
create index hosts_team on hosts (team_id) where team_id is not null;
create index templates_source on templates (source_capsule_id) where source_capsule_id is not null;

-- Counters of the rate limits; the library that keeps them wants these names.
create table rate_limits (
  key varchar(255) primary key,
  points integer not null default 0,
  expire bigint
);
create index rate_limits_expiry on rate_limits (expire);
