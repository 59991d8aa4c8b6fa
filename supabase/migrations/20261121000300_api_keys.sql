-- API keys for servers and scripts. The key itself is shown once and never stored. Only its SHA-256 is stored, which is
-- enough for a random key of 256 bits: it cannot be guessed, so the hash need not be slow.

create table if not exists twohop.api_keys (
  id uuid primary key default gen_random_uuid(),
  account_id text not null references twohop.accounts (id),
  name text not null check (length(name) between 1 and 100),
  -- The first characters, by which an owner or a secret scanner recognises the key.
  prefix text not null check (length(prefix) between 4 and 32),
  hash bytea not null unique check (length(hash) = 32),
  scopes text[] not null check (cardinality(scopes) between 1 and 64),
  created_at timestamptz not null default now(),
  expires_at timestamptz check (expires_at > created_at),
  last_used_at timestamptz,
  revoked_at timestamptz,
  revoked_reason text check (length(revoked_reason) <= 1000)
);
create index if not exists api_keys_by_account on twohop.api_keys (account_id);

alter table twohop.api_keys enable row level security;
drop policy if exists own_rows on twohop.api_keys;
create policy own_rows on twohop.api_keys for select to authenticated
  using (account_id = (select twohop.own_account()));

revoke all on twohop.api_keys from public, anon, authenticated, service_role;
-- All columns but the hash, which only find_api_key reads.
grant select (id, account_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at, revoked_reason)
  on twohop.api_keys to authenticated, service_role;

-- Stores a new key by its SHA-256 (64 hex digits) and returns its id. An account has at most 100 keys that work.
create or replace function twohop.create_api_key(account text, name text, prefix text, hash text, scopes text[],
    actor text, expires_at timestamptz default null)
  returns uuid language plpgsql security definer set search_path = ''
as $$
declare
  key_id uuid;
begin
  insert into twohop.accounts (id) values (account) on conflict (id) do nothing;
  -- Keys of one account are made one after the other, so that the count is right.
  perform from twohop.accounts where id = account for update;
  if (select count(*) from twohop.api_keys as known where known.account_id = account and known.revoked_at is null
      and (known.expires_at is null or known.expires_at > now())) >= 100 then
    raise exception 'an account has at most 100 keys' using errcode = '54000';
  end if;
  insert into twohop.api_keys (account_id, name, prefix, hash, scopes, expires_at)
  values (account, create_api_key.name, create_api_key.prefix, decode(create_api_key.hash, 'hex'),
    create_api_key.scopes, create_api_key.expires_at)
  returning id into key_id;
  perform twohop_private.audit(actor, 'create_api_key', key_id::text, null,
    jsonb_build_object('account', account, 'prefix', create_api_key.prefix, 'scopes', create_api_key.scopes));
  return key_id;
end
$$;

-- Revokes a key for good. Returns false when the account has no such key, or it was revoked before. A null `account`
-- matches any owner (for an administrator, or a leak report).
create or replace function twohop.revoke_api_key(key_id uuid, account text, actor text, reason text default null)
  returns boolean language plpgsql security definer set search_path = ''
as $$
begin
  update twohop.api_keys set revoked_at = now(), revoked_reason = reason
  where id = key_id and revoked_at is null and (account is null or account_id = account);
  if not found then return false; end if;
  perform twohop_private.audit(actor, 'revoke_api_key', key_id::text, reason, '{}');
  return true;
end
$$;

-- The key with this SHA-256 (64 hex digits), working or not, as JSON; null when there is none.
create or replace function twohop.find_api_key(hash text)
  returns jsonb language sql stable security definer set search_path = ''
as $$
  select to_jsonb(known) - 'hash' || jsonb_build_object('account_status', account.status, 'plan_id', account.plan_id)
  from twohop.api_keys as known join twohop.accounts as account on account.id = known.account_id
  where known.hash = decode(find_api_key.hash, 'hex')
$$;

-- Records when keys were used: a JSON object of key id to milliseconds since the epoch. An earlier time than the
-- recorded one changes nothing.
create or replace function twohop.touch_api_keys(uses jsonb)
  returns void language sql security definer set search_path = ''
as $$
  update twohop.api_keys as known
  set last_used_at = greatest(known.last_used_at, to_timestamp(use.value::bigint / 1000.0))
  from jsonb_each_text(uses) as use where known.id = use.key::uuid
$$;

revoke all on function
  twohop.create_api_key(text, text, text, text, text[], text, timestamptz),
  twohop.revoke_api_key(uuid, text, text, text),
  twohop.find_api_key(text),
  twohop.touch_api_keys(jsonb)
  from public, anon, authenticated;
grant execute on function
  twohop.create_api_key(text, text, text, text, text[], text, timestamptz),
  twohop.revoke_api_key(uuid, text, text, text),
  twohop.find_api_key(text),
  twohop.touch_api_keys(jsonb)
  to service_role;
