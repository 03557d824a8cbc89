alter table api_keys drop column audited_on;
drop table audit_entries;
drop table audit_chains;
drop type audit_status;
drop type audit_scope;
drop type actor_type;
