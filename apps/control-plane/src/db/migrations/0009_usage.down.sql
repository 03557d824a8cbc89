drop trigger capsules_reserve_changed on capsules;
drop trigger capsules_reserve on capsules;
drop function capsules_keep_reservation();
drop function reservation_of(capsules);
drop table usage_progress;
drop table daily_usage;
drop table reservations;
