-- Feedback in batches, as the edge's drain brings it. It may come before its request's usage event does.

-- Whether the ledger knows that the account made the request.
alter table twohop.feedback add column if not exists confirmed boolean not null default false;
create index if not exists feedback_unconfirmed on twohop.feedback (created_at) where not confirmed;

-- Stores feedback, all or none: a JSON array of at most 1000 objects {"account_id", "request_id", "rating", "comment", "at"
-- (ms)}, in order. Newer feedback on a request replaces older; the same again changes nothing. Feedback on a request that is
-- not the account's is gone after a day.
--
-- Returns {"recorded": n, "duplicates": n, "conflicts": []}. Raises 22023 where `feedback` is no array of at most 1000, and
-- what a column's type or check raises (classes 22 and 23).
create or replace function twohop.record_feedback_batch(feedback jsonb)
  returns jsonb language plpgsql security definer set search_path = ''
as $$
declare
  incoming integer;
  stored integer;
begin
  if jsonb_typeof(feedback) is distinct from 'array' or jsonb_array_length(feedback) > 1000 then
    raise exception 'feedback is no array of at most 1000' using errcode = '22023';
  end if;
  incoming := jsonb_array_length(feedback);
  -- One batch at a time, so that no two deadlock.
  perform pg_advisory_xact_lock(hashtextextended('twohop.record_feedback_batch', 0));

  insert into twohop.feedback as known (account_id, request_id, rating, comment, created_at)
  select distinct on (account_id, request_id) account_id, request_id, rating, comment, to_timestamp(at / 1000.0)
  from rows from (jsonb_to_recordset(feedback) as (account_id text, request_id text, rating smallint, comment text, at bigint))
    with ordinality as said (account_id, request_id, rating, comment, at, place)
  order by account_id, request_id, place desc
  on conflict (account_id, request_id) do update
    set rating = excluded.rating, comment = excluded.comment, created_at = excluded.created_at
    where known.created_at < excluded.created_at;
  get diagnostics stored = row_count;

  update twohop.feedback as said set confirmed = true
  where not confirmed and exists (select from twohop.usage_events as event
    where event.request_id = said.request_id and event.account_id = said.account_id);
  delete from twohop.feedback where not confirmed and created_at < now() - interval '1 day';

  return jsonb_build_object('recorded', stored, 'duplicates', incoming - stored, 'conflicts', '[]'::jsonb);
end
$$;

-- Scores by model and version. Users see their own.
create or replace view twohop.feedback_by_version with (security_invoker = true) as
  select event.model, event.model_version, count(*) filter (where said.rating > 0) as good,
    count(*) filter (where said.rating < 0) as bad
  from twohop.feedback as said join twohop.usage_events as event
    on event.request_id = said.request_id and event.account_id = said.account_id and event.kind = 'charge'
  group by event.model, event.model_version;

revoke all on twohop.feedback_by_version from public, anon, authenticated, service_role;
grant select on twohop.feedback_by_version to authenticated, service_role;
revoke all on function twohop.record_feedback_batch(jsonb) from public, anon, authenticated;
grant execute on function twohop.record_feedback_batch(jsonb) to service_role;
