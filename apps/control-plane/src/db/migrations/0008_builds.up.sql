alter table templates
  add column default_workdir text not null default '',
  -- What it was made from, where that is a template too.
  add column parent_id uuid references templates (id),
  add column build_id uuid,
  -- A step of a build, kept under the hash of all that led to it, for later builds to begin from. Users never see it.
  add column layer_key text check (layer_key ~ '^[0-9a-f]{64}$'),
  add column layer_used_at timestamptz;
create index templates_layer on templates (team_id, layer_key) where layer_key is not null and deleted_at is null;
create index templates_parent on templates (parent_id) where parent_id is not null;

alter table templates
  -- A root file system that a host made: capsules of any shape boot from it there.
  add column image_id uuid unique,
  drop constraint templates_snapshot_whole,
  add constraint templates_snapshot_whole check (
    case type
      when 'snapshot' then num_nulls(snapshot_id, host_id, vcpus, memory_mb) = 0 and image_id is null
      else num_nonnulls(snapshot_id, vcpus, memory_mb) = 0 and (image_id is null) = (host_id is null)
    end
  );

-- What a build copies from, in pieces, so that any replica can read it and none has to hold it.
create table archives (
  id uuid primary key,
  team_id uuid not null references teams (id) on delete cascade,
  size_bytes bigint not null default 0 check (size_bytes >= 0),
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null default now(),
  -- Null while it is on its way: nobody can build from it then.
  ready_at timestamptz
);
create table archive_pieces (
  archive_id uuid not null references archives (id) on delete cascade,
  position integer not null check (position >= 0),
  bytes bytea not null,
  primary key (archive_id, position)
);
-- Bodies do not compress again.
alter table archive_pieces alter column bytes set storage external;
create index archives_age on archives (created_at);

create type build_status as enum ('pending', 'running', 'success', 'failed', 'cancelled');
create type build_entry_kind as enum ('begin', 'stdout', 'stderr', 'note', 'end');
create table builds (
  id uuid primary key,
  team_id uuid not null references teams (id) on delete cascade,
  name text not null,
  -- All that was asked for, but for secrets.
  request jsonb not null,
  actor jsonb not null,
  -- What registries want to know, sealed; gone when the build is over.
  credentials bytea,
  archive_id uuid references archives (id) on delete set null,
  -- The templates that its recipe begins from, as it names them.
  bases text[] not null default '{}',
  vcpus integer not null check (vcpus > 0),
  memory_mb integer not null check (memory_mb > 0),
  status build_status not null default 'pending',
  current_step integer not null default 0 check (current_step >= 0),
  total_steps integer not null default 0 check (total_steps >= 0),
  error jsonb,
  template_id uuid references templates (id),
  cancel_asked_at timestamptz,
  -- Whoever works on it moves this on; a running build whose lease is over has nobody.
  lease_until timestamptz,
  attempts integer not null default 0 check (attempts >= 0),
  created_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  check ((status in ('pending', 'running')) = (completed_at is null)),
  check ((status = 'running') = (lease_until is not null))
);
create index builds_team on builds (team_id, created_at desc, id desc);
create index builds_waiting on builds (created_at) where status in ('pending', 'running');
create index builds_completed on builds (completed_at) where completed_at is not null;

create table build_log (
  build_id uuid not null references builds (id) on delete cascade,
  seq integer not null check (seq > 0),
  step integer not null check (step >= 0),
  kind build_entry_kind not null,
  at timestamptz not null default now(),
  body jsonb not null,
  primary key (build_id, seq)
);

-- The capsules that a build works in, which are gone when it has ended.
alter table capsules add column build_id uuid references builds (id) on delete set null;
create index capsules_build on capsules (build_id) where build_id is not null;

-- What a team calls its templates. A name stands for all versions of a template; an alias is another such name.
create type template_visibility as enum ('team', 'public');
create table template_names (
  team_id uuid not null references teams (id) on delete cascade,
  name text not null,
  alias_of text,
  visibility template_visibility not null default 'team',
  created_at timestamptz not null default now(),
  primary key (team_id, name),
  foreign key (team_id, alias_of) references template_names (team_id, name) on delete cascade
);
create index template_names_aliases on template_names (team_id, alias_of) where alias_of is not null;
create index template_names_public on template_names (team_id) where visibility = 'public';

-- Which version `name:tag` is. A version that has no tag any more is deleted.
create table template_tags (
  team_id uuid not null,
  name text not null,
  tag text not null,
  template_id uuid not null references templates (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (team_id, name, tag),
  foreign key (team_id, name) references template_names (team_id, name) on delete cascade
);
create index template_tags_template on template_tags (template_id);

insert into template_names (team_id, name)
  select team_id, name from templates where deleted_at is null;
insert into template_tags (team_id, name, tag, template_id)
  select team_id, name, 'default', id from templates where deleted_at is null;
drop index templates_name;
create index templates_name on templates (team_id, name) where deleted_at is null;

-- Names are taken there now, and those of templates that the platform deleted are free.
drop trigger templates_keep_platform_names on templates;
create or replace function templates_keep_platform_names() returns trigger language plpgsql as $$
begin
  if new.team_id <> '00000000-0000-0000-0000-000000000000' and exists (
    select from template_names
     where team_id = '00000000-0000-0000-0000-000000000000' and name = new.name
  ) then
    raise exception 'the name % is one of the platform''s templates', new.name
      using errcode = 'unique_violation', constraint = 'templates_platform_names';
  end if;
  return new;
end
$$;
create trigger template_names_keep_platform_names before insert on template_names
  for each row execute function templates_keep_platform_names();
