-- What pages show is told to every control plane the moment that it is committed: what changed and of which team, by
-- IDs only. A payload is `kind action team id name`, with `-` for what there is not.
create function live_tell(kind text, action text, team uuid, id uuid, name text) returns void language sql as $$
  select pg_notify('wrenn_live', concat_ws(' ', kind, action, coalesce(team::text, '-'), coalesce(id::text, '-'), name))
$$;

-- For tables whose rows have an ID and a team.
create function live_owned() returns trigger language plpgsql as $$
declare
  told record := case tg_op when 'DELETE' then old else new end;
begin
  perform live_tell(tg_argv[0], tg_argv[1], told.team_id, told.id, null);
  return null;
end
$$;

create trigger live_created after insert on capsules
  for each row execute function live_owned('capsule', 'created');
-- Uses of a capsule are noted every few seconds, and that a fork goes on: neither is worth telling.
create trigger live_changed after update on capsules for each row
  when ((old.status, old.host_id, old.template, old.timeout_sec, old.auto_resume, old.public_ports, old.host_ip,
         old.started_at, old.paused_at, old.metadata, old.facts)
        is distinct from
        (new.status, new.host_id, new.template, new.timeout_sec, new.auto_resume, new.public_ports, new.host_ip,
         new.started_at, new.paused_at, new.metadata, new.facts))
  execute function live_owned('capsule', 'changed');

create trigger live_created after insert on builds
  for each row execute function live_owned('build', 'created');
create trigger live_changed after update on builds for each row
  when ((old.status, old.current_step, old.total_steps, old.template_id, old.cancel_asked_at)
        is distinct from
        (new.status, new.current_step, new.total_steps, new.template_id, new.cancel_asked_at))
  execute function live_owned('build', 'changed');
create trigger live_removed after delete on builds
  for each row execute function live_owned('build', 'removed');

create trigger live_created after insert on api_keys
  for each row execute function live_owned('key', 'created');
create trigger live_changed after update of name, scopes, expires_at on api_keys
  for each row execute function live_owned('key', 'changed');
create trigger live_removed after delete on api_keys
  for each row execute function live_owned('key', 'removed');

create trigger live_created after insert on channels
  for each row execute function live_owned('channel', 'created');
create trigger live_changed after update on channels
  for each row execute function live_owned('channel', 'changed');
create trigger live_removed after delete on channels
  for each row execute function live_owned('channel', 'removed');

create trigger live_created after insert on invitations
  for each row execute function live_owned('invitation', 'created');
create trigger live_changed after update on invitations
  for each row execute function live_owned('invitation', 'changed');
create trigger live_removed after delete on invitations
  for each row execute function live_owned('invitation', 'removed');

create trigger live_created after insert on hosts
  for each row execute function live_owned('host', 'created');
create trigger live_changed after update on hosts for each row
  when ((old.status, old.team_id, old.address, old.cpu_cores, old.memory_mb, old.disk_gb, old.engine, old.isolation,
         old.agent_version, old.templates)
        is distinct from
        (new.status, new.team_id, new.address, new.cpu_cores, new.memory_mb, new.disk_gb, new.engine, new.isolation,
         new.agent_version, new.templates))
  execute function live_owned('host', 'changed');
create trigger live_removed after delete on hosts
  for each row execute function live_owned('host', 'removed');

-- Layers of builds have no name that anybody knows.
create function live_template() returns trigger language plpgsql as $$
declare
  told record := case tg_op when 'DELETE' then old else new end;
begin
  if told.layer_key is null then
    perform live_tell('template', tg_argv[0], told.team_id, told.id, told.name);
  end if;
  return null;
end
$$;
create trigger live_created after insert on templates
  for each row execute function live_template('created');
create trigger live_changed after update on templates for each row
  when (new.deleted_at is null) execute function live_template('changed');
create trigger live_deleted after update on templates for each row
  when (old.deleted_at is null and new.deleted_at is not null) execute function live_template('removed');
create trigger live_removed after delete on templates
  for each row execute function live_template('removed');

-- A name, an alias, a tag: whoever shows the template of that name looks again.
create function live_template_name() returns trigger language plpgsql as $$
declare
  told record := case tg_op when 'DELETE' then old else new end;
begin
  perform live_tell('template', 'changed', told.team_id, null, told.name);
  return null;
end
$$;
create trigger live_changed after insert or update or delete on template_names
  for each row execute function live_template_name();
create trigger live_changed after insert or update or delete on template_tags
  for each row execute function live_template_name();

create function live_team() returns trigger language plpgsql as $$
begin
  perform live_tell('team', tg_argv[0], new.id, new.id, null);
  return null;
end
$$;
create trigger live_created after insert on teams
  for each row execute function live_team('created');
create trigger live_changed after update on teams for each row
  when (new.deleted_at is null) execute function live_team('changed');
create trigger live_deleted after update on teams for each row
  when (old.deleted_at is null and new.deleted_at is not null) execute function live_team('removed');

create function live_member() returns trigger language plpgsql as $$
declare
  told record := case tg_op when 'DELETE' then old else new end;
begin
  perform live_tell('member', tg_argv[0], told.team_id, told.user_id, null);
  return null;
end
$$;
create trigger live_created after insert on memberships
  for each row execute function live_member('created');
create trigger live_changed after update on memberships for each row
  when (old.role is distinct from new.role) execute function live_member('changed');
create trigger live_removed after delete on memberships
  for each row execute function live_member('removed');

create function live_user() returns trigger language plpgsql as $$
begin
  perform live_tell('user', tg_argv[0], null, new.id, null);
  return null;
end
$$;
create trigger live_created after insert on users
  for each row execute function live_user('created');
create trigger live_changed after update on users for each row
  when ((old.email, old.name, old.is_admin, old.status) is distinct from (new.email, new.name, new.is_admin, new.status))
  execute function live_user('changed');

-- What was done with a capsule, for as long as there is not too much of it.
create table capsule_operations (
  id uuid primary key,
  capsule_id uuid not null references capsules (id) on delete cascade,
  team_id uuid not null references teams (id) on delete cascade,
  kind text not null,
  actor jsonb not null,
  job_id uuid,
  -- Code and message; null for what succeeded.
  failure jsonb,
  steps jsonb not null default '[]',
  -- How long the capsule stood still meanwhile.
  still_ms real,
  -- What the guest says was fixed in it when it was started.
  receipt jsonb,
  started_at timestamptz not null,
  finished_at timestamptz not null
);
create index capsule_operations_capsule on capsule_operations (capsule_id, started_at desc, id desc);
create index capsule_operations_team on capsule_operations (team_id);
create index capsule_operations_age on capsule_operations (finished_at);

create function live_operation() returns trigger language plpgsql as $$
begin
  perform live_tell('operation', 'created', new.team_id, new.id, new.capsule_id::text);
  return null;
end
$$;
create trigger live_created after insert on capsule_operations
  for each row execute function live_operation();

alter table capsules
  -- The capsule whose state it began with, which may be gone since.
  add column forked_from uuid;
create index capsules_forked_from on capsules (forked_from) where forked_from is not null;
-- How many capsules of a team are in each state, and those of one state.
create index capsules_states on capsules (team_id, status);
-- How many capsules that are there were made from a template.
create index capsules_of_template on capsules (template_id) where status not in ('stopped', 'error');
