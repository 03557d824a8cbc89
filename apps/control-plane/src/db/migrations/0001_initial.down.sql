drop table capsules;
drop table hosts;
drop table templates;
drop table api_keys;
drop table teams;
drop type capsule_status;
drop type host_status;
drop type host_type;
