-- An account's sums by month, for whoever looks further back than Redis does.

-- An account's sums by UTC month and model from the month of `first` to that of `last`: a JSON array of {"month": "2026-11",
-- "model", "requests", "prompt_tokens", "output_tokens", "units"}, in that order, the newest 2,000 at most. It reads the
-- account's rows of those days by the primary key, whatever others have used.
--
-- It returns one value, not a set: the REST API would cut a set's rows at its `max_rows`.
create or replace function twohop.usage_months(account text, first date, last date)
  returns jsonb language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(sums) order by sums.month, sums.model), '[]')
  from (
    select to_char(day, 'YYYY-MM') as month, model, sum(requests)::bigint as requests,
      sum(prompt_tokens)::bigint as prompt_tokens, sum(output_tokens)::bigint as output_tokens, sum(units)::bigint as units
    from twohop.usage_daily
    where account_id = usage_months.account and day >= date_trunc('month', usage_months.first)
      and day < date_trunc('month', usage_months.last) + interval '1 month'
    group by 1, 2 order by 1 desc, 2 limit 2000
  ) as sums
$$;

revoke all on function twohop.usage_months(text, date, date) from public, anon, authenticated;
grant execute on function twohop.usage_months(text, date, date) to service_role;
