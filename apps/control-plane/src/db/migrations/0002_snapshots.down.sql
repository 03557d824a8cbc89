drop table jobs;
drop type job_status;
drop trigger templates_keep_platform_names on templates;
drop function templates_keep_platform_names();
-- Without its columns a snapshot cannot be told from a base template. Capsules keep what they were made from.
alter table templates
  drop constraint templates_snapshot_whole,
  drop column source_capsule_id,
  drop column facts,
  drop column host_id,
  drop column snapshot_id,
  drop column size_bytes,
  drop column memory_mb,
  drop column vcpus,
  drop column type;
drop type template_type;
alter table capsules drop column paused_at, drop column auto_resume;
