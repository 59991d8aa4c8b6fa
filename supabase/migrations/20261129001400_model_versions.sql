-- The version of the model that computed a request, where the model has versions; null in rows of before, and where nobody
-- reported which it was.

alter table twohop.usage_events add column if not exists model_version text
  check (length(model_version) between 1 and 64);

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
      reported_units bigint, outcome text, model_version text))
    with ordinality as event (request_id, kind, reserved_ms, at_ms, account_id, model, task, plan, key_id, charged_month,
      prompt_tokens, output_tokens, compute_ms, units, extra_units, reserved_units, reported_units, outcome, model_version, place)
  ), firsts as (
    select distinct on (request_id, kind) * from incoming order by request_id, kind, place
  ), added as (
    insert into twohop.usage_events (request_id, kind, reserved_at, at, account_id, model, task, plan, key_id,
      charged_month, prompt_tokens, output_tokens, compute_ms, units, extra_units, reserved_units, reported_units, outcome,
      model_version)
    select request_id, kind, reserved_at, at, account_id, model, task, plan, key_id,
      charged_month, prompt_tokens, output_tokens, compute_ms, units, extra_units, reserved_units, reported_units, outcome,
      model_version
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

revoke all on function twohop.record_usage_events(jsonb) from public, anon, authenticated;
grant execute on function twohop.record_usage_events(jsonb) to service_role;
