drop index templates_on_host;
drop index templates_name;
-- A name can be used again after its template was deleted: only the newest can keep it.
update templates set name = id::text where deleted_at is not null;
alter table templates add constraint templates_team_id_name_key unique (team_id, name);
alter table templates drop column deleted_at, drop column ready_at;
