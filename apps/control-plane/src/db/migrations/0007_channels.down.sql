drop table deliveries;
drop type delivery_status;
drop table events;
drop table channels;
drop type channel_provider;
