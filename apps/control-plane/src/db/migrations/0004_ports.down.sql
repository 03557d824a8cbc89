alter table hosts drop column relay_port;
alter table capsules drop column access_generation, drop column public_ports;
