alter table capsules drop column build_id;
drop table build_log;
drop table builds;
drop type build_entry_kind;
drop type build_status;
drop table archive_pieces;
drop table archives;
-- Layers have names that only this version knows.
update templates set deleted_at = coalesce(deleted_at, now()) where layer_key is not null;
alter table templates
  drop column layer_used_at,
  drop column layer_key,
  drop column build_id,
  drop column parent_id,
  drop column default_workdir;
