alter table templates
  -- Null while it is made: its name is taken then, and nobody can use it.
  add column ready_at timestamptz default now(),
  -- Capsules keep naming what they were made from, so a row stays when its template is gone.
  add column deleted_at timestamptz;
alter table templates drop constraint templates_team_id_name_key;
create unique index templates_name on templates (team_id, name) where deleted_at is null;
create index templates_on_host on templates (host_id) where deleted_at is null and host_id is not null;
