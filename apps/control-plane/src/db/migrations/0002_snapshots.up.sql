alter table capsules
  add column auto_resume boolean not null default false,
  add column paused_at timestamptz;

create type template_type as enum ('base', 'snapshot');
alter table templates
  add column type template_type not null default 'base',
  -- A snapshot has one shape of machine, and is on the host that made it.
  add column vcpus integer check (vcpus > 0),
  add column memory_mb integer check (memory_mb > 0),
  add column size_bytes bigint not null default 0 check (size_bytes >= 0),
  add column snapshot_id uuid unique,
  add column host_id uuid references hosts (id),
  add column facts jsonb not null default '{}',
  -- Where it came from. The capsule may be gone since.
  add column source_capsule_id uuid,
  add constraint templates_snapshot_whole check (
    case type
      when 'snapshot' then num_nulls(snapshot_id, host_id, vcpus, memory_mb) = 0
      else num_nonnulls(snapshot_id, host_id, vcpus, memory_mb) = 0
    end
  );

create function templates_keep_platform_names() returns trigger language plpgsql as $$
begin
  if new.team_id <> '00000000-0000-0000-0000-000000000000' and exists (
    select from templates
     where team_id = '00000000-0000-0000-0000-000000000000' and name = new.name
  ) then
    raise exception 'the name % is one of the platform''s templates', new.name
      using errcode = 'unique_violation', constraint = 'templates_platform_names';
  end if;
  return new;
end
$$;
create trigger templates_keep_platform_names before insert or update of team_id, name on templates
  for each row execute function templates_keep_platform_names();

create type job_status as enum ('running', 'succeeded', 'failed', 'unknown');
create table jobs (
  id uuid primary key,
  team_id uuid not null references teams (id) on delete cascade,
  capsule_id uuid references capsules (id),
  kind text not null,
  request jsonb not null,
  idempotency_key text,
  status job_status not null default 'running',
  result jsonb,
  error jsonb,
  steps jsonb not null default '[]',
  -- Whoever works on it moves this on; a running job whose lease is over has nobody.
  lease_until timestamptz not null,
  attempts integer not null default 0,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  check ((status = 'running') = (finished_at is null))
);
create unique index jobs_idempotency on jobs (team_id, idempotency_key) where idempotency_key is not null;
-- One operation on a capsule at a time.
create unique index jobs_capsule_running on jobs (capsule_id) where status = 'running';
create index jobs_lease on jobs (lease_until) where status = 'running';
create index jobs_finished on jobs (finished_at) where finished_at is not null;
