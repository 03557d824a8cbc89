alter table capsules
  -- Whether anyone who knows the address of a port may use it.
  add column public_ports boolean not null default false,
  -- Counted up to void the credentials that were given out for its ports.
  add column access_generation integer not null default 1 check (access_generation > 0);
-- Where the host's relay listens, beside its agent; null until the agent has said it.
alter table hosts add column relay_port integer check (relay_port between 1 and 65535);
