-- What capsules reserved, and from when until when: a row for each time in which a capsule held the same. Of it all
-- numbers of usage are computed. Nothing here refers to teams or capsules: what was used stays when they are gone.
create table reservations (
  id bigint generated always as identity primary key,
  capsule_id uuid not null,
  team_id uuid not null,
  vcpus integer not null check (vcpus >= 0),
  memory_mb integer not null check (memory_mb >= 0),
  is_running boolean not null,
  since timestamptz not null,
  -- Null while it holds.
  until timestamptz check (until >= since)
);
create unique index reservations_held on reservations (capsule_id) where until is null;
create index reservations_team on reservations (team_id, until);
create index reservations_ended on reservations (until) where until is not null;

-- What a capsule reserves of its host in the state that it is in. Of one that is missing nobody knows what it holds.
create function reservation_of(capsule capsules)
  returns table (vcpus integer, memory_mb integer, is_running boolean) language sql immutable as $$
  select case capsule.status when 'paused' then 0 else capsule.vcpus end,
         case capsule.status when 'paused' then (capsule.memory_mb + 1) / 2 else capsule.memory_mb end,
         capsule.status = 'running'
   where capsule.status in ('pending', 'starting', 'running', 'paused')
$$;

create function capsules_keep_reservation() returns trigger language plpgsql as $$
declare
  held_before record;
  held_after record;
  moment timestamptz;
begin
  if tg_op <> 'INSERT' then
    select old.id, old.team_id, held.* into held_before from reservation_of(old) held;
  end if;
  if tg_op <> 'DELETE' then
    select new.id, new.team_id, held.* into held_after from reservation_of(new) held;
  end if;
  -- One `if` in another, here and below: PostgreSQL 15 may look into a record that was not read although the condition
  -- before it, joined by `and`, is false.
  if tg_op = 'UPDATE' then
    if held_before is not distinct from held_after then
      return null;
    end if;
  end if;
  -- The clock is read while the row of the capsule is locked, so that the times of a capsule are in the order of its
  -- changes, as those of the beginnings of transactions are not. A clock that was set back makes nothing negative.
  if tg_op <> 'INSERT' then
    update reservations set until = greatest(clock_timestamp(), since)
     where capsule_id = old.id and until is null
     returning until into moment;
  end if;
  if tg_op <> 'DELETE' then
    if held_after.vcpus is not null then
      insert into reservations (capsule_id, team_id, vcpus, memory_mb, is_running, since)
      values (new.id, new.team_id, held_after.vcpus, held_after.memory_mb, held_after.is_running,
              coalesce(moment, clock_timestamp()));
    end if;
  end if;
  return null;
end
$$;
create trigger capsules_reserve after insert or delete on capsules
  for each row execute function capsules_keep_reservation();
create trigger capsules_reserve_changed after update on capsules
  for each row
  when ((old.id, old.team_id, old.status, old.vcpus, old.memory_mb)
        is distinct from (new.id, new.team_id, new.status, new.vcpus, new.memory_mb))
  execute function capsules_keep_reservation();

-- Nobody can change a capsule now until this is committed.
insert into reservations (capsule_id, team_id, vcpus, memory_mb, is_running, since)
  select capsule.id, capsule.team_id, held.*, clock_timestamp()
    from capsules capsule cross join lateral reservation_of(capsule) held;

-- What each team used on a day that is over, in UTC. Seconds are exact; a minute is 60 of them, which decimals cannot
-- always say.
create table daily_usage (
  team_id uuid not null,
  date date not null,
  cpu_seconds numeric not null check (cpu_seconds >= 0),
  ram_mb_seconds numeric not null check (ram_mb_seconds >= 0),
  cpu_minutes numeric generated always as (cpu_seconds / 60) stored,
  ram_mb_minutes numeric generated always as (ram_mb_seconds / 60) stored,
  primary key (team_id, date)
);

-- The first day that is not in daily_usage yet; one row.
create table usage_progress (
  is_only boolean primary key default true check (is_only),
  next_day date not null
);
insert into usage_progress (next_day) values ((now() at time zone 'UTC')::date);
