create type channel_provider as enum ('discord', 'slack', 'teams', 'googlechat', 'telegram', 'matrix', 'webhook');
create table channels (
  id uuid primary key,
  team_id uuid not null references teams (id) on delete cascade,
  name text not null,
  provider channel_provider not null,
  -- Sealed with the installation's key: addresses of webhooks are secrets too.
  config bytea not null,
  event_types text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (team_id, name)
);

-- The outbox: written in the transaction of the change that it tells of, with the job that looks who wants it.
create table events (
  id uuid primary key,
  team_id uuid not null references teams (id) on delete cascade,
  type text not null,
  body jsonb not null,
  created_at timestamptz not null default now()
);
create index events_team on events (team_id, created_at);
create index events_age on events (created_at);

create type delivery_status as enum ('waiting', 'delivered', 'failed');
create table deliveries (
  id uuid primary key,
  channel_id uuid not null references channels (id) on delete cascade,
  event_id uuid not null references events (id) on delete cascade,
  status delivery_status not null default 'waiting',
  attempts integer not null default 0 check (attempts >= 0),
  -- Of the last attempt: what the receiver answered, or why there was no answer.
  response_status integer,
  fault text,
  attempted_at timestamptz,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  -- The delivery that this one repeats, since somebody asked for it.
  repeats uuid references deliveries (id) on delete set null,
  check ((status = 'waiting') = (finished_at is null))
);
create index deliveries_channel on deliveries (channel_id, created_at desc, id desc);
create index deliveries_event on deliveries (event_id);
create index deliveries_repeats on deliveries (repeats) where repeats is not null;
-- One for each channel that wants the event, and however many somebody asks for.
create unique index deliveries_first on deliveries (event_id, channel_id) where repeats is null;
