-- Users' feedback on answers.

create table if not exists twohop.feedback (
  id bigint generated always as identity primary key,
  account_id text not null check (length(account_id) between 1 and 512),
  request_id text not null check (length(request_id) between 1 and 200),
  rating smallint not null check (rating in (-1, 1)),
  comment text check (length(comment) <= 2000),
  created_at timestamptz not null default now(),
  unique (account_id, request_id)
);

alter table twohop.feedback enable row level security;
drop policy if exists own_rows on twohop.feedback;
create policy own_rows on twohop.feedback for select to authenticated
  using (account_id = (select twohop.own_account()));
revoke all on twohop.feedback from public, anon, authenticated, service_role;
grant select on twohop.feedback to authenticated, service_role;

-- Stores an account's feedback on one of its requests. New feedback replaces the old.
create or replace function twohop.record_feedback(account text, request_id text, rating smallint, comment text default null)
  returns void language sql security definer set search_path = ''
as $$
  insert into twohop.feedback (account_id, request_id, rating, comment)
  values (account, record_feedback.request_id, record_feedback.rating, record_feedback.comment)
  on conflict (account_id, request_id) do update
    set rating = excluded.rating, comment = excluded.comment, created_at = now()
$$;

revoke all on function twohop.record_feedback(text, text, smallint, text) from public, anon, authenticated;
grant execute on function twohop.record_feedback(text, text, smallint, text) to service_role;
