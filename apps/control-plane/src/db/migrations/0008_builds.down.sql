alter table templates drop constraint templates_snapshot_whole;
-- Nobody would know where they are.
update templates set deleted_at = coalesce(deleted_at, now()), host_id = null where image_id is not null;
alter table templates
  drop column image_id,
  add constraint templates_snapshot_whole check (
    case type
      when 'snapshot' then num_nulls(snapshot_id, host_id, vcpus, memory_mb) = 0
      else num_nonnulls(snapshot_id, host_id, vcpus, memory_mb) = 0
    end
  );
alter table capsules drop column build_id;
drop table build_log;
drop table builds;
drop type build_entry_kind;
drop type build_status;
drop table archive_pieces;
drop table archives;
drop trigger template_names_keep_platform_names on template_names;
create or replace function templates_keep_platform_names() returns trigger language plpgsql as $$
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
-- Of the versions of a template one can keep the name: the one that the name alone stands for, else the newest.
update templates set deleted_at = now()
  from (
    select template.id, row_number() over (
             partition by template.team_id, template.name
             order by tag.tag is null, template.ready_at is null, template.created_at desc, template.id desc
           ) as place
      from templates template left join template_tags tag on tag.template_id = template.id and tag.tag = 'default'
     where template.deleted_at is null
  ) as version
 where version.id = templates.id and version.place > 1;
drop index templates_name;
create unique index templates_name on templates (team_id, name) where deleted_at is null;
create trigger templates_keep_platform_names before insert or update of team_id, name on templates
  for each row execute function templates_keep_platform_names();
drop table template_tags;
drop table template_names;
drop type template_visibility;
-- Layers have names that only this version knows.
update templates set deleted_at = coalesce(deleted_at, now()) where layer_key is not null;
alter table templates
  drop column layer_used_at,
  drop column layer_key,
  drop column build_id,
  drop column parent_id,
  drop column default_workdir;
