-- The ledger: every settled request once, and its sums by day and month.

create sequence if not exists twohop_private.usage_event_seq;

-- One row for each usage event, as the scripts write it (edge/budget/settlement.lua.ts). `reserved_at` names the
-- windows that were charged, so the months are partitioned by it. All rows of one request have the same.
create table if not exists twohop.usage_events (
  request_id text not null check (length(request_id) between 1 and 200),
  -- `charge`, or `correction`: the difference (often negative) when a late settlement corrects what the sweep charged.
  kind text not null check (kind in ('charge', 'correction')),
  reserved_at timestamptz not null,
  at timestamptz not null,
  account_id text not null check (length(account_id) between 1 and 512),
  model text not null check (length(model) between 1 and 200),
  task text not null check (length(task) between 1 and 100),
  plan text not null check (length(plan) between 1 and 64),
  -- Id of the API key that was used; null for a user's token.
  key_id text check (length(key_id) between 1 and 200),
  -- The account's month that was charged: a UTC month, or its first day where the account has a billing day.
  charged_month text not null check (charged_month ~ '^\d{4}-\d\d(-\d\d)?$'),
  prompt_tokens bigint not null check (prompt_tokens >= 0),
  output_tokens bigint not null check (output_tokens >= 0),
  compute_ms bigint not null check (compute_ms >= 0),
  -- Charged; the sum over an account and window equals the budget's counter.
  units bigint not null check (units >= 0 or kind = 'correction'),
  -- The part of `units` that a grant paid, beyond the budget.
  extra_units bigint not null check (extra_units >= 0 or kind = 'correction'),
  reserved_units bigint not null check (reserved_units >= 0),
  -- What the host said; more than `reserved_units` marks a host that broke its bound.
  reported_units bigint not null check (reported_units >= 0),
  outcome text not null check (outcome in ('ok', 'cancelled', 'failed', 'refused', 'unsettled')),
  -- Order of arrival.
  seq bigint not null default nextval('twohop_private.usage_event_seq'),
  -- The primary key of a partitioned table must hold the partitioning column. record_usage_events makes sure that
  -- another `reserved_at` does not let a request in twice.
  primary key (request_id, kind, reserved_at)
) partition by range (reserved_at);
create index if not exists usage_events_by_account on twohop.usage_events (account_id, reserved_at);

create or replace trigger usage_events_append_only before update or delete on twohop.usage_events
  for each row execute function twohop_private.refuse_change();
create or replace trigger usage_events_never_truncated before truncate on twohop.usage_events
  for each statement execute function twohop_private.refuse_change();

-- Sums of the ledger's rows by UTC day and by the account's month, the same windows as the budget's counters. They are
-- updated in the transaction that adds the rows. Corrections change sums but are not counted as requests.
create table if not exists twohop.usage_daily (
  account_id text not null,
  day date not null,
  model text not null,
  requests bigint not null,
  prompt_tokens bigint not null,
  output_tokens bigint not null,
  compute_ms bigint not null,
  units bigint not null,
  primary key (account_id, day, model)
);
create table if not exists twohop.usage_monthly (
  account_id text not null,
  month text not null,
  model text not null,
  requests bigint not null,
  prompt_tokens bigint not null,
  output_tokens bigint not null,
  compute_ms bigint not null,
  units bigint not null,
  primary key (account_id, month, model)
);

alter table twohop.usage_events enable row level security;
alter table twohop.usage_daily enable row level security;
alter table twohop.usage_monthly enable row level security;

drop policy if exists own_rows on twohop.usage_events;
create policy own_rows on twohop.usage_events for select to authenticated
  using (account_id = (select twohop.own_account()));
drop policy if exists own_rows on twohop.usage_daily;
create policy own_rows on twohop.usage_daily for select to authenticated
  using (account_id = (select twohop.own_account()));
drop policy if exists own_rows on twohop.usage_monthly;
create policy own_rows on twohop.usage_monthly for select to authenticated
  using (account_id = (select twohop.own_account()));

revoke all on twohop.usage_events, twohop.usage_daily, twohop.usage_monthly
  from public, anon, authenticated, service_role;
grant select on twohop.usage_events, twohop.usage_daily, twohop.usage_monthly to authenticated, service_role;

-- Makes the partition of a month (its first day, UTC) unless it exists. It is in the private schema and has no grants,
-- so that its rows are reached through the parent's policies only.
create or replace function twohop_private.ensure_usage_partition(month date)
  returns void language plpgsql set search_path = ''
as $$
declare
  name text := 'usage_events_' || to_char(month, 'YYYY_MM');
begin
  if to_regclass('twohop_private.' || name) is not null then return; end if;
  execute format('create table twohop_private.%I partition of twohop.usage_events for values from (%L) to (%L)',
    name, month::timestamp at time zone 'utc', (month + interval '1 month')::timestamp at time zone 'utc');
  execute format('alter table twohop_private.%I enable row level security', name);
  execute format('revoke all on twohop_private.%I from public, anon, authenticated, service_role', name);
  execute format('create trigger never_truncated before truncate on twohop_private.%I '
    'for each statement execute function twohop_private.refuse_change()', name);
end
$$;

-- Adds a batch of usage events, all or none: a JSON array of at most 1000 objects with the columns' names, in order of
-- arrival, `reserved_at` and `at` in milliseconds since the epoch. Known events are not added again.
--
-- Returns {"recorded": n, "duplicates": n, "conflicts": [positions in `events`, from 0]}. A conflict is an event whose
-- account, `reserved_at`, month or units differ from the row of the same request and kind; the row stays.
--
-- Raises 22023 where `events` is no array of at most 1000, 22008 for a `reserved_at` before 2020 or in a month that
-- begins over a day ahead, and what a column's type or check raises (classes 22 and 23).
create or replace function twohop.record_usage_events(events jsonb)
  returns jsonb language plpgsql security definer set search_path = ''
as $$
declare
  months date[];
  result jsonb;
begin
  if jsonb_typeof(events) is distinct from 'array' or jsonb_array_length(events) > 1000 then
    raise exception 'events is no array of at most 1000' using errcode = '22023';
  end if;
  -- One batch at a time, so that the check for known rows stays true until rows are added, and no two batches deadlock.
  perform pg_advisory_xact_lock(hashtextextended('twohop.record_usage_events', 0));

  select array_agg(distinct date_trunc('month', to_timestamp(reserved_at / 1000.0) at time zone 'utc')::date)
  into months from jsonb_to_recordset(events) as event (reserved_at bigint);
  if exists (select from unnest(months) as month
      where month < date '2020-01-01' or month > (now() + interval '1 day') at time zone 'utc') then
    raise exception 'reserved_at is before 2020 or over a day ahead' using errcode = '22008';
  end if;
  perform twohop_private.ensure_usage_partition(month) from unnest(months) as month;

  with incoming as (
    select event.*, to_timestamp(reserved_ms / 1000.0) as reserved_at, to_timestamp(at_ms / 1000.0) as at
    from rows from (jsonb_to_recordset(events) as (request_id text, kind text, reserved_at bigint, at bigint,
      account_id text, model text, task text, plan text, key_id text, charged_month text, prompt_tokens bigint,
      output_tokens bigint, compute_ms bigint, units bigint, extra_units bigint, reserved_units bigint,
      reported_units bigint, outcome text))
    with ordinality as event (request_id, kind, reserved_ms, at_ms, account_id, model, task, plan, key_id, charged_month,
      prompt_tokens, output_tokens, compute_ms, units, extra_units, reserved_units, reported_units, outcome, place)
  ), firsts as (
    select distinct on (request_id, kind) * from incoming order by request_id, kind, place
  ), added as (
    insert into twohop.usage_events (request_id, kind, reserved_at, at, account_id, model, task, plan, key_id,
      charged_month, prompt_tokens, output_tokens, compute_ms, units, extra_units, reserved_units, reported_units, outcome)
    select request_id, kind, reserved_at, at, account_id, model, task, plan, key_id,
      charged_month, prompt_tokens, output_tokens, compute_ms, units, extra_units, reserved_units, reported_units, outcome
    from firsts where not exists (select from twohop.usage_events as known
      where known.request_id = firsts.request_id and known.kind = firsts.kind)
    order by place
    returning *
  ), seen as (
    insert into twohop.accounts (id, first_seen_at)
    select account_id, min(reserved_at) from added group by account_id order by account_id
    on conflict (id) do nothing
  ), daily as (
    insert into twohop.usage_daily as sum
      (account_id, day, model, requests, prompt_tokens, output_tokens, compute_ms, units)
    select account_id, (reserved_at at time zone 'utc')::date, model, count(*) filter (where kind = 'charge'),
      sum(prompt_tokens), sum(output_tokens), sum(compute_ms), sum(units)
    from added group by 1, 2, 3
    on conflict (account_id, day, model) do update set requests = sum.requests + excluded.requests,
      prompt_tokens = sum.prompt_tokens + excluded.prompt_tokens,
      output_tokens = sum.output_tokens + excluded.output_tokens,
      compute_ms = sum.compute_ms + excluded.compute_ms, units = sum.units + excluded.units
  ), monthly as (
    insert into twohop.usage_monthly as sum
      (account_id, month, model, requests, prompt_tokens, output_tokens, compute_ms, units)
    select account_id, charged_month, model,
      count(*) filter (where kind = 'charge'),
      sum(prompt_tokens), sum(output_tokens), sum(compute_ms), sum(units)
    from added group by 1, 2, 3
    on conflict (account_id, month, model) do update set requests = sum.requests + excluded.requests,
      prompt_tokens = sum.prompt_tokens + excluded.prompt_tokens,
      output_tokens = sum.output_tokens + excluded.output_tokens,
      compute_ms = sum.compute_ms + excluded.compute_ms, units = sum.units + excluded.units
  ), ledger as (
    -- All rows: those just added, which this statement's own snapshot does not show, and the earlier ones.
    select request_id, kind, account_id, reserved_at, charged_month, units from added
    union all
    select known.request_id, known.kind, known.account_id, known.reserved_at, known.charged_month, known.units
    from twohop.usage_events as known join firsts using (request_id, kind)
  ), other as (
    select incoming.place from incoming join ledger using (request_id, kind)
    where (incoming.account_id, incoming.reserved_at, incoming.charged_month, incoming.units)
      is distinct from (ledger.account_id, ledger.reserved_at, ledger.charged_month, ledger.units)
  )
  select jsonb_build_object(
    'recorded', (select count(*) from added),
    'duplicates', (select count(*) from incoming) - (select count(*) from added) - (select count(*) from other),
    'conflicts', (select coalesce(jsonb_agg(place - 1 order by place), '[]') from other))
  into result;
  return result;
end
$$;

revoke all on function
  twohop_private.ensure_usage_partition(date),
  twohop.record_usage_events(jsonb)
  from public, anon, authenticated;
grant execute on function twohop.record_usage_events(jsonb) to service_role;
