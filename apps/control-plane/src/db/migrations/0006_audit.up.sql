create type actor_type as enum ('user', 'api_key', 'system');
create type audit_scope as enum ('team', 'admin');
create type audit_status as enum ('success', 'info', 'warning', 'error');

-- Where the chain of each team ends. Its row is locked by whoever adds an entry, until that is committed: so numbers
-- come in the order in which entries become visible, and have no gaps. It outlives its team, as the entries do.
create table audit_chains (
  team_id uuid primary key,
  number bigint not null default 0 check (number >= 0),
  digest bytea not null,
  -- The last entry that was removed for its age: what is left begins after it.
  removed_number bigint not null default 0,
  removed_digest bytea not null,
  -- Keyed digest of the above: entries that are cut off at either end are missed.
  seal bytea not null
);

create table audit_entries (
  id uuid primary key,
  team_id uuid not null references audit_chains (team_id),
  number bigint not null check (number > 0),
  actor_type actor_type not null,
  actor_id text,
  actor_name text not null default '',
  resource_type text not null,
  resource_id text,
  action text not null,
  scope audit_scope not null,
  status audit_status not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  -- What is personal (actor_id, actor_name, personal) is in the chain by a salted digest. Without its salt it can be
  -- forgotten, and the chain still holds.
  personal jsonb not null default '{}',
  personal_salt bytea,
  personal_digest bytea not null,
  digest bytea not null,
  unique (team_id, number)
);
create index audit_entries_resource on audit_entries (team_id, resource_type, number desc);
create index audit_entries_thing on audit_entries (resource_id, number desc) where resource_id is not null;
create index audit_entries_actor on audit_entries (actor_id, number desc) where actor_id is not null;
create index audit_entries_email on audit_entries ((personal ->> 'email')) where personal ->> 'email' is not null;

-- By which a day's first use of a key is told from the others.
alter table api_keys add column audited_on date;
