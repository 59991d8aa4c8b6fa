-- The two schemas of Twohop's ledger, and what every table of it shares.
--
-- twohop          what the REST API serves (add it to "Exposed schemas"): tables that users read, functions that the
--                 service role calls. Not `public`, where a project keeps tables of its own, and where Supabase grants
--                 every new table to everybody.
-- twohop_private  partitions and inner functions, which nobody but the owner reaches.
--
-- Every migration may be run again: it changes nothing the second time.

create schema if not exists twohop;
create schema if not exists twohop_private;

revoke all on schema twohop, twohop_private from public;
grant usage on schema twohop to authenticated, service_role;

-- The account of the user whose token the REST API has verified, in the edge's spelling:
-- `supabase:{project's host}:{user id}`, or `firebase:{project id}:{uid}` where Firebase is a third-party provider of the
-- Supabase project. Null for any other issuer, so that no row matches by mistake.
create or replace function twohop.own_account() returns text
  language sql stable set search_path = ''
as $$
  select case
    when claims ->> 'sub' is null then null
    when claims ->> 'iss' ~ '^https?://[^/]+/auth/v1$' then
      'supabase:' || substring(claims ->> 'iss' from '^https?://([^/]+)/auth/v1$') || ':' || lower(claims ->> 'sub')
    when claims ->> 'iss' ~ '^https://securetoken\.google\.com/[^/:]+$' then
      'firebase:' || substring(claims ->> 'iss' from '[^/]+$') || ':' || (claims ->> 'sub')
  end
  from (select nullif(current_setting('request.jwt.claims', true), '')::jsonb as claims) as request
$$;

-- Keeps a table append-only, also for its owner and the service role. To remove old months, detach their partition.
create or replace function twohop_private.refuse_change() returns trigger
  language plpgsql set search_path = ''
as $$
begin
  raise exception '% of % is refused: rows are only ever added', tg_op, tg_table_name using errcode = '2F002';
end
$$;

revoke all on function twohop.own_account(), twohop_private.refuse_change() from public;
grant execute on function twohop.own_account() to authenticated, service_role;
