-- Administration happens at the edge, which asks Redis and never Postgres. The drain brings its acts here, into the
-- audit log, and updates the rows of the accounts and API keys that the acts were about.
--
-- Until now some settings could be made here but had no effect at the edge. They are removed.
drop function if exists
  twohop.set_account_status(text, text, text, text),
  twohop.set_account_plan(text, text, text, text),
  twohop.set_account_overrides(text, jsonb, text, text),
  twohop.create_api_key(text, text, text, text, text[], text, timestamptz),
  twohop.revoke_api_key(uuid, text, text, text),
  twohop.find_api_key(text),
  twohop.touch_api_keys(jsonb);

-- Plans are data of the edge; a plan need not have a row here.
alter table twohop.accounts drop constraint if exists accounts_plan_id_fkey;
alter table twohop.accounts
  -- Tokens that were issued before this are refused.
  add column if not exists revoked_before timestamptz,
  -- When Redis was read for this row. Null for an account that administration never changed.
  add column if not exists mirrored_at timestamptz;

alter table twohop.account_overrides
  drop column if exists requests_per_minute,
  drop column if exists concurrent,
  drop column if exists budget_minute,
  drop column if exists budget_day,
  drop column if exists budget_month,
  -- Units beyond the budgets of day and month that were left when administration last acted. usage_events.extra_units
  -- says what was drawn since.
  add column if not exists extra_units bigint check (extra_units between 0 and 9007199254740991),
  add column if not exists extra_until timestamptz;

alter table twohop.api_keys
  -- The key's id at the edge; usage events name the key by it.
  add column if not exists key_id text unique check (length(key_id) between 1 and 200),
  -- key_id of the key that made this one; this one ends with it.
  add column if not exists made_by text check (length(made_by) between 1 and 200),
  add column if not exists mirrored_at timestamptz;
create index if not exists api_keys_by_maker on twohop.api_keys (made_by) where made_by is not null;
grant select (key_id, made_by) on twohop.api_keys to authenticated, service_role;

alter table twohop.audit_log
  -- Id of the act's entry in the Redis stream. Null for acts that were done here.
  add column if not exists stream_id text check (stream_id ~ '^\d{1,20}-\d{1,20}$');
create unique index if not exists audit_log_by_stream_id on twohop.audit_log (stream_id);
alter table twohop.audit_log drop constraint if exists audit_log_actor_check;
alter table twohop.audit_log add constraint audit_log_actor_check check (length(actor) between 1 and 512);

-- Records when a key was last used; called when usage events are added.
create or replace function twohop_private.note_key_use() returns trigger
  language plpgsql set search_path = ''
as $$
begin
  update twohop.api_keys as known set last_used_at = used.at
  from (select key_id, max(reserved_at) as at from added where key_id is not null group by key_id) as used
  where known.key_id = used.key_id and (known.last_used_at is null or known.last_used_at < used.at);
  return null;
end
$$;
create or replace trigger usage_events_note_key_use after insert on twohop.usage_events
  referencing new table as added for each statement execute function twohop_private.note_key_use();

-- Updates accounts: a JSON array of {"id", "status", "plan_id", "billing_day", "revoked_before" (s), "extra_units",
-- "extra_until" (ms)}, as Redis had them at `read_at`. A row that was read later stays.
create or replace function twohop_private.mirror_accounts(mirrored jsonb, read_at timestamptz)
  returns void language sql set search_path = ''
as $$
  insert into twohop.accounts as known (id, status, plan_id, revoked_before, mirrored_at)
  select account.id, account.status, account.plan_id, to_timestamp(account.revoked_before), mirror_accounts.read_at
  from jsonb_to_recordset(mirrored) as account (id text, status text, plan_id text, revoked_before bigint)
  order by account.id
  on conflict (id) do update set status = excluded.status, plan_id = excluded.plan_id,
    revoked_before = excluded.revoked_before, mirrored_at = excluded.mirrored_at, updated_at = now()
  where known.mirrored_at is null or known.mirrored_at <= excluded.mirrored_at;

  insert into twohop.account_overrides as known (account_id, billing_day, extra_units, extra_until)
  select account.id, account.billing_day, account.extra_units, to_timestamp(account.extra_until / 1000.0)
  from jsonb_to_recordset(mirrored)
    as account (id text, billing_day smallint, extra_units bigint, extra_until bigint)
  join twohop.accounts on accounts.id = account.id and accounts.mirrored_at = mirror_accounts.read_at
  where account.billing_day is not null or account.extra_units is not null
    or exists (select from twohop.account_overrides where account_id = account.id)
  order by account.id
  on conflict (account_id) do update set billing_day = excluded.billing_day, extra_units = excluded.extra_units,
    extra_until = excluded.extra_until, updated_at = now()
$$;

-- The same for API keys: {"key_id", "account_id", "name", "prefix", "hash" (64 hex digits), "scopes", "made_by",
-- "created_at", "expires_at", "last_used_at" (ms), "revoked_at" (ms), "revoked_reason"}. A revoked key stays revoked,
-- and the keys that it made end with it.
create or replace function twohop_private.mirror_keys(mirrored jsonb, read_at timestamptz)
  returns void language sql set search_path = ''
as $$
  insert into twohop.accounts (id)
  select distinct key.account_id from jsonb_to_recordset(mirrored) as key (account_id text) order by 1
  on conflict (id) do nothing;

  insert into twohop.api_keys as known (key_id, account_id, name, prefix, hash, scopes, made_by, created_at, expires_at,
    last_used_at, revoked_at, revoked_reason, mirrored_at)
  select key.key_id, key.account_id, key.name, key.prefix, decode(key.hash, 'hex'), key.scopes, key.made_by,
    to_timestamp(key.created_at / 1000.0), to_timestamp(key.expires_at / 1000.0),
    to_timestamp(key.last_used_at / 1000.0), to_timestamp(key.revoked_at / 1000.0), key.revoked_reason,
    mirror_keys.read_at
  from jsonb_to_recordset(mirrored) as key (key_id text, account_id text, name text, prefix text, hash text,
    scopes text[], made_by text, created_at bigint, expires_at bigint, last_used_at bigint, revoked_at bigint,
    revoked_reason text)
  order by key.key_id
  on conflict (key_id) do update set name = excluded.name, scopes = excluded.scopes, expires_at = excluded.expires_at,
    last_used_at = greatest(known.last_used_at, excluded.last_used_at),
    revoked_at = coalesce(known.revoked_at, excluded.revoked_at),
    revoked_reason = coalesce(known.revoked_reason, excluded.revoked_reason), mirrored_at = excluded.mirrored_at
  where known.mirrored_at is null or known.mirrored_at <= excluded.mirrored_at;

  with recursive ended as (
    select key_id, revoked_at, revoked_reason from twohop.api_keys
    where revoked_at is not null
      and key_id in (select key.key_id from jsonb_to_recordset(mirrored) as key (key_id text))
    union
    select made.key_id, ended.revoked_at, ended.revoked_reason
    from twohop.api_keys as made join ended on made.made_by = ended.key_id
  )
  update twohop.api_keys as known set revoked_at = ended.revoked_at, revoked_reason = ended.revoked_reason
  from ended where known.key_id = ended.key_id and known.revoked_at is null and known.expires_at > ended.revoked_at
$$;

-- Adds a batch of administrative acts, all or none: a JSON array of at most 1000 objects {"stream_id", "at" (ms),
-- "actor", "action", "target", "reason", "detail"}, in order. Known acts are not added again. `accounts` and `keys` are
-- the rows that the acts were about, as Redis had them at `read_at` (ms).
--
-- Returns {"recorded": n, "duplicates": n, "conflicts": [positions in `acts`, from 0]}. A conflict is an act of a known
-- stream_id with another actor, action or target. Raises 22023 where `acts` is no array of at most 1000, and what a
-- column's type or check raises (classes 22 and 23).
create or replace function twohop.record_acts(acts jsonb, accounts jsonb, keys jsonb, read_at bigint)
  returns jsonb language plpgsql security definer set search_path = ''
as $$
declare
  result jsonb;
begin
  if jsonb_typeof(acts) is distinct from 'array' or jsonb_array_length(acts) > 1000 then
    raise exception 'acts is no array of at most 1000' using errcode = '22023';
  end if;
  -- One batch at a time, usage events included: both write to accounts and keys, and so cannot deadlock.
  perform pg_advisory_xact_lock(hashtextextended('twohop.record_usage_events', 0));
  perform twohop_private.mirror_accounts(accounts, to_timestamp(read_at / 1000.0));
  perform twohop_private.mirror_keys(keys, to_timestamp(read_at / 1000.0));

  with incoming as (
    select act.*, to_timestamp(at_ms / 1000.0) as at
    from rows from (jsonb_to_recordset(acts) as (stream_id text, at bigint, actor text, action text, target text,
      reason text, detail jsonb))
    with ordinality as act (stream_id, at_ms, actor, action, target, reason, detail, place)
  ), firsts as (
    select distinct on (stream_id) * from incoming order by stream_id, place
  ), added as (
    insert into twohop.audit_log (stream_id, at, actor, action, target, reason, detail)
    select stream_id, at, actor, action, target, reason, detail from firsts order by place
    on conflict (stream_id) do nothing
    returning *
  ), other as (
    select incoming.place from incoming join (
      select stream_id, actor, action, target from added
      union all
      select known.stream_id, known.actor, known.action, known.target
      from twohop.audit_log as known join firsts using (stream_id)
    ) as logged using (stream_id)
    where (incoming.actor, incoming.action, incoming.target)
      is distinct from (logged.actor, logged.action, logged.target)
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
  twohop_private.note_key_use(),
  twohop_private.mirror_accounts(jsonb, timestamptz),
  twohop_private.mirror_keys(jsonb, timestamptz),
  twohop.record_acts(jsonb, jsonb, jsonb, bigint)
  from public, anon, authenticated;
grant execute on function twohop.record_acts(jsonb, jsonb, jsonb, bigint) to service_role;
