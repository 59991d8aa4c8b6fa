-- The sums that reconciliation compares with the budget's counters.

-- The ledger's units of a UTC month (`month` is its first day), for up to `most` accounts after the account `after`, in
-- order of accounts: a JSON array of {"account", "windows": {"month:2026-11": {"units", "rolled"}, "day:2026-11-21":
-- {"units", "rolled"}}}. The windows are the month's days and the account's months that begin in it. `units` is the sum
-- of the events, `rolled` the sum in the roll-ups.
--
-- It returns one value, not a set: the REST API would cut a set's rows at its `max_rows`.
create or replace function twohop.usage_totals(month date, after text default '', most integer default 500)
  returns jsonb language sql stable security definer set search_path = ''
as $$
  with span as (
    -- An account's month may begin on the last day of this month and last until the end of the next.
    select usage_totals.month::timestamp at time zone 'utc' as starts,
      (usage_totals.month + interval '1 month')::timestamp at time zone 'utc' as ends,
      (usage_totals.month + interval '2 months')::timestamp at time zone 'utc' as last,
      to_char(usage_totals.month, 'YYYY-MM') as name
  ), page as (
    select account_id from (
      select account_id from twohop.usage_events, span
      where reserved_at >= starts and reserved_at < last and account_id > after
        and (reserved_at < ends or charged_month like name || '%')
      union
      select account_id from twohop.usage_monthly, span
      where usage_monthly.month like name || '%' and account_id > after
    ) as accounts
    order by account_id limit least(greatest(most, 1), 1000)
  ), events as (
    select events.* from twohop.usage_events as events join page using (account_id), span
    where reserved_at >= starts and reserved_at < last
  ), summed as (
    select account_id, 'day:' || to_char(reserved_at at time zone 'utc', 'YYYY-MM-DD') as name, sum(units) as units
    from events, span where reserved_at < ends group by 1, 2
    union all
    select account_id, 'month:' || charged_month, sum(units)
    from events, span where charged_month like name || '%' group by 1, 2
  ), rolled as (
    select account_id, 'day:' || day as name, sum(units) as units
    from twohop.usage_daily join page using (account_id)
    where day >= usage_totals.month and day < usage_totals.month + interval '1 month' group by 1, 2
    union all
    select account_id, 'month:' || usage_monthly.month, sum(units)
    from twohop.usage_monthly join page using (account_id), span
    where usage_monthly.month like name || '%' group by 1, 2
  ), windows as (
    select account_id, jsonb_object_agg(name, jsonb_build_object(
      'units', coalesce(summed.units, 0), 'rolled', coalesce(rolled.units, 0))) as windows
    from summed full join rolled using (account_id, name) group by account_id
  )
  select coalesce(jsonb_agg(jsonb_build_object('account', account_id, 'windows', windows) order by account_id), '[]')
  from windows
$$;

revoke all on function twohop.usage_totals(date, text, integer) from public, anon, authenticated;
grant execute on function twohop.usage_totals(date, text, integer) to service_role;
