-- Results of jobs, where they are kept here and not in Redis. Users read them through the edge alone.

create table if not exists twohop.job_results (
  job_id text not null check (length(job_id) between 1 and 200),
  input integer not null check (input >= 0),
  account_id text not null check (length(account_id) between 1 and 512),
  result text not null,
  kept_until timestamptz not null,
  primary key (job_id, input)
);
create index if not exists job_results_account on twohop.job_results (account_id);
create index if not exists job_results_kept_until on twohop.job_results (kept_until);

alter table twohop.job_results enable row level security;
revoke all on twohop.job_results from public, anon, authenticated, service_role;

-- Keeps results of a job, as [input, text], all or none: what an account keeps stays within `most` bytes. A result that is
-- there stays as it is. Returns whether they are kept.
create or replace function twohop.keep_job_results(job text, account text, until_ms bigint, most bigint, results jsonb)
  returns boolean language plpgsql security definer set search_path = ''
as $$
declare
  kept bigint;
  coming bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended(account, 8));
  select coalesce(sum(octet_length(there.result)), 0) into kept
    from twohop.job_results as there where there.account_id = account and there.kept_until > now();
  select coalesce(sum(octet_length(each ->> 1)), 0) into coming from jsonb_array_elements(results) as each;
  if kept + coming > most then return false; end if;
  insert into twohop.job_results (job_id, input, account_id, result, kept_until)
    select job, (each ->> 0)::integer, account, each ->> 1, to_timestamp(until_ms / 1000.0)
      from jsonb_array_elements(results) as each
    on conflict (job_id, input) do nothing;
  return true;
end
$$;

-- Results of a job of inputs above `after`: at most `most`, and no more than 384 KiB where they are several.
create or replace function twohop.job_results_page(job text, after integer, most integer)
  returns jsonb language sql stable security definer set search_path = ''
as $$
  with found as (
    select there.input, there.result,
      row_number() over (order by there.input) as place,
      sum(octet_length(there.result)) over (order by there.input) as bytes
    from twohop.job_results as there
    where there.job_id = job and there.input > after and there.kept_until > now()
  )
  select jsonb_build_object(
    'results', coalesce(jsonb_agg(jsonb_build_array(found.input, found.result) order by found.input)
      filter (where found.place <= most and (found.place = 1 or found.bytes <= 393216)), '[]'::jsonb),
    'more', coalesce(bool_or(found.place > most or (found.place > 1 and found.bytes > 393216)), false)
  ) from found
$$;

-- Drops results whose time is over. Returns how many.
create or replace function twohop.drop_job_results()
  returns bigint language sql security definer set search_path = ''
as $$
  with dropped as (delete from twohop.job_results where kept_until <= now() returning 1)
  select count(*) from dropped
$$;

revoke all on function twohop.keep_job_results(text, text, bigint, bigint, jsonb) from public, anon, authenticated;
revoke all on function twohop.job_results_page(text, integer, integer) from public, anon, authenticated;
revoke all on function twohop.drop_job_results() from public, anon, authenticated;
grant execute on function twohop.keep_job_results(text, text, bigint, bigint, jsonb) to service_role;
grant execute on function twohop.job_results_page(text, integer, integer) to service_role;
grant execute on function twohop.drop_job_results() to service_role;
