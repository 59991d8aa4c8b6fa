-- Feedback in batches, as the edge's drain brings it. It may come before its request's usage event does.

-- Whether the ledger knows that the account made the request.
alter table twohop.feedback add column if not exists confirmed boolean not null default false;
create index if not exists feedback_unconfirmed on twohop.feedback (created_at) where not confirmed;
create index if not exists feedback_unconfirmed_of on twohop.feedback (account_id, created_at) where not confirmed;

-- What was there before.
update twohop.feedback as said set confirmed = true
where not confirmed and exists (select from twohop.usage_events as event
  where event.request_id = said.request_id and event.account_id = said.account_id);

-- Confirms feedback that came before its request's usage event; called when usage events are added. Feedback that comes after
-- it is confirmed as it is stored, so nobody ever has to look through all that is not confirmed.
create or replace function twohop_private.confirm_feedback() returns trigger
  language plpgsql set search_path = ''
as $$
begin
  update twohop.feedback as said set confirmed = true from added as event
  where not said.confirmed and said.account_id = event.account_id and said.request_id = event.request_id;
  return null;
end
$$;
revoke all on function twohop_private.confirm_feedback() from public, anon, authenticated, service_role;
create or replace trigger usage_events_confirm_feedback after insert on twohop.usage_events
  referencing new table as added for each statement execute function twohop_private.confirm_feedback();

-- Stores an account's feedback on one of its requests. New feedback replaces the old.
create or replace function twohop.record_feedback(account text, request_id text, rating smallint, comment text default null)
  returns void language sql security definer set search_path = ''
as $$
  -- Not beside a batch of usage events: neither would see what the other adds.
  select pg_advisory_xact_lock_shared(hashtextextended('twohop.record_usage_events', 0));
  insert into twohop.feedback as known (account_id, request_id, rating, comment, confirmed)
  values (account, record_feedback.request_id, record_feedback.rating, record_feedback.comment,
    exists (select from twohop.usage_events as event
      where event.request_id = record_feedback.request_id and event.account_id = record_feedback.account))
  on conflict (account_id, request_id) do update set rating = excluded.rating, comment = excluded.comment,
    created_at = now(), confirmed = known.confirmed or excluded.confirmed
$$;

-- Stores feedback, all or none: a JSON array of at most 1000 objects {"account_id", "request_id", "rating", "comment", "at"
-- (ms)}, in order. Newer feedback on a request replaces older; the same again changes nothing. Feedback on a request that is
-- not the account's is gone after a day, and of one account only the newest 1000 of these are kept: whoever makes up ids fills
-- no disk.
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
  -- Not beside a batch of usage events either: neither would see what the other adds.
  perform pg_advisory_xact_lock_shared(hashtextextended('twohop.record_usage_events', 0));

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
  from jsonb_to_recordset(feedback) as given (account_id text, request_id text)
  where not said.confirmed and said.account_id = given.account_id and said.request_id = given.request_id
    and exists (select from twohop.usage_events as event
      where event.request_id = said.request_id and event.account_id = said.account_id);
  delete from twohop.feedback where not confirmed and created_at < now() - interval '1 day';
  delete from twohop.feedback as known where known.id in (
    select surplus.id from (select distinct account_id from jsonb_to_recordset(feedback) as given (account_id text)) as asked,
    lateral (select said.id from twohop.feedback as said where said.account_id = asked.account_id and not said.confirmed
      order by said.created_at desc, said.id desc offset 1000) as surplus);

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
