-- What all accounts used by month, for administrators who look further back than Redis does.

create or replace function twohop_private.add_to_all_usage_monthly() returns trigger
  language plpgsql set search_path = ''
as $$
begin
  insert into twohop.all_usage_monthly as sum (month, model, requests, prompt_tokens, output_tokens, units)
  select to_char(reserved_at at time zone 'utc', 'YYYY-MM'), model, count(*) filter (where kind = 'charge'),
    sum(prompt_tokens), sum(output_tokens), sum(units)
  from added group by 1, 2 order by 1, 2
  on conflict (month, model) do update set requests = sum.requests + excluded.requests,
    prompt_tokens = sum.prompt_tokens + excluded.prompt_tokens,
    output_tokens = sum.output_tokens + excluded.output_tokens, units = sum.units + excluded.units;
  return null;
end
$$;
revoke all on function twohop_private.add_to_all_usage_monthly() from public;

-- Sums of all accounts by UTC month and model. A view of them reads a row for each month and model, however many accounts there are.
-- They are updated in the transaction that adds events, once for each batch. What was there before is summed up here: the trigger
-- lets nobody add events until the end of this statement, so that none counts twice or not at all.
do $$
begin
  if to_regclass('twohop.all_usage_monthly') is not null then return; end if;
  create table twohop.all_usage_monthly (
    month text not null,
    model text not null,
    requests bigint not null,
    prompt_tokens bigint not null,
    output_tokens bigint not null,
    units bigint not null,
    primary key (month, model)
  );
  create trigger usage_events_added after insert on twohop.usage_events referencing new table as added
    for each statement execute function twohop_private.add_to_all_usage_monthly();
  insert into twohop.all_usage_monthly (month, model, requests, prompt_tokens, output_tokens, units)
  select to_char(day, 'YYYY-MM'), model, sum(requests), sum(prompt_tokens), sum(output_tokens), sum(units)
  from twohop.usage_daily group by 1, 2;
end
$$;
alter table twohop.all_usage_monthly enable row level security;
revoke all on twohop.all_usage_monthly from public, anon, authenticated, service_role;
grant select on twohop.all_usage_monthly to service_role;

-- The sums of all accounts from the month of `first` to that of `last`, as twohop.usage_months gives those of one: the
-- newest 2,000 at most.
create or replace function twohop.all_usage_months(first date, last date)
  returns jsonb language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(sums) order by sums.month, sums.model), '[]')
  from (
    select month, model, requests, prompt_tokens, output_tokens, units from twohop.all_usage_monthly
    where month between to_char(all_usage_months.first, 'YYYY-MM') and to_char(all_usage_months.last, 'YYYY-MM')
    order by month desc, model limit 2000
  ) as sums
$$;

revoke all on function twohop.all_usage_months(date, date) from public, anon, authenticated;
grant execute on function twohop.all_usage_months(date, date) to service_role;
