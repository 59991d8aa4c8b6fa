-- Plans, accounts, settings of single accounts, and the log of who set them.

create table if not exists twohop.plans (
  id text primary key check (length(id) between 1 and 64),
  -- The plan from the catalog (shared/catalog.ts): models, scopes, limits, weight, budgets.
  definition jsonb not null check (jsonb_typeof(definition) = 'object' and pg_column_size(definition) <= 16384),
  updated_at timestamptz not null default now()
);

create table if not exists twohop.accounts (
  id text primary key check (length(id) between 1 and 512),
  -- Set by administration. Null where the token's claims or the default plan decide.
  plan_id text references twohop.plans (id),
  status text not null default 'active' check (status in ('active', 'suspended')),
  first_seen_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Limits of one account that differ from its plan's; null leaves the plan's. Budgets are units.
create table if not exists twohop.account_overrides (
  account_id text primary key references twohop.accounts (id),
  requests_per_minute integer check (requests_per_minute >= 1),
  concurrent integer check (concurrent >= 1),
  budget_minute bigint check (budget_minute between 0 and 9007199254740991),
  budget_day bigint check (budget_day between 0 and 9007199254740991),
  budget_month bigint check (budget_month between 0 and 9007199254740991),
  -- Day of the month on which the month's budget begins again, in UTC; shorter months begin on their last day. Null is
  -- the first.
  billing_day smallint check (billing_day between 1 and 31),
  updated_at timestamptz not null default now()
);

-- Every administrative act, written in the transaction that does it.
create table if not exists twohop.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null check (length(actor) between 1 and 200),
  action text not null check (length(action) between 1 and 64),
  -- What was acted on: an account, a plan or a key's id.
  target text not null check (length(target) between 1 and 512),
  reason text check (length(reason) <= 1000),
  detail jsonb not null default '{}' check (pg_column_size(detail) <= 16384)
);
create index if not exists audit_log_by_target on twohop.audit_log (target, id);

create or replace trigger audit_log_append_only before update or delete or truncate on twohop.audit_log
  for each statement execute function twohop_private.refuse_change();

alter table twohop.plans enable row level security;
alter table twohop.accounts enable row level security;
alter table twohop.account_overrides enable row level security;
alter table twohop.audit_log enable row level security;

drop policy if exists own_row on twohop.accounts;
create policy own_row on twohop.accounts for select to authenticated
  using (id = (select twohop.own_account()));
drop policy if exists own_row on twohop.account_overrides;
create policy own_row on twohop.account_overrides for select to authenticated
  using (account_id = (select twohop.own_account()));
drop policy if exists own_plan on twohop.plans;
create policy own_plan on twohop.plans for select to authenticated
  using (id = (select plan_id from twohop.accounts where accounts.id = (select twohop.own_account())));

revoke all on twohop.plans, twohop.accounts, twohop.account_overrides, twohop.audit_log
  from public, anon, authenticated, service_role;
grant select on twohop.plans, twohop.accounts, twohop.account_overrides to authenticated, service_role;
grant select on twohop.audit_log to service_role;

create or replace function twohop_private.audit(actor text, action text, target text, reason text, detail jsonb)
  returns void language sql set search_path = ''
as $$
  insert into twohop.audit_log (actor, action, target, reason, detail) values (actor, action, target, reason, detail)
$$;

-- Makes a plan or replaces its definition.
create or replace function twohop.set_plan(plan text, definition jsonb, actor text, reason text default null)
  returns void language plpgsql security definer set search_path = ''
as $$
begin
  insert into twohop.plans as known (id, definition) values (plan, set_plan.definition)
  on conflict (id) do update set definition = excluded.definition, updated_at = now();
  perform twohop_private.audit(actor, 'set_plan', plan, reason, set_plan.definition);
end
$$;

-- Suspends or restores an account, known or not yet seen. The edge learns of it from Redis, not from here.
create or replace function twohop.set_account_status(account text, status text, actor text, reason text default null)
  returns void language plpgsql security definer set search_path = ''
as $$
begin
  insert into twohop.accounts (id, status) values (account, set_account_status.status)
  on conflict (id) do update set status = excluded.status, updated_at = now();
  perform twohop_private.audit(actor, 'set_account_status', account, reason,
    jsonb_build_object('status', set_account_status.status));
end
$$;

-- Puts an account on a plan. With null, the token's claims and the default plan decide again.
create or replace function twohop.set_account_plan(account text, plan text, actor text, reason text default null)
  returns void language plpgsql security definer set search_path = ''
as $$
begin
  insert into twohop.accounts (id, plan_id) values (account, plan)
  on conflict (id) do update set plan_id = excluded.plan_id, updated_at = now();
  perform twohop_private.audit(actor, 'set_account_plan', account, reason, jsonb_build_object('plan', plan));
end
$$;

-- Replaces all settings of one account. What `overrides` does not name is the plan's again.
create or replace function twohop.set_account_overrides(account text, overrides jsonb, actor text, reason text default null)
  returns void language plpgsql security definer set search_path = ''
as $$
declare
  unknown text;
begin
  select name into unknown from jsonb_object_keys(overrides) as name
  where name not in
    ('requests_per_minute', 'concurrent', 'budget_minute', 'budget_day', 'budget_month', 'billing_day');
  if found then
    raise exception 'there is no override called %', unknown using errcode = '22023';
  end if;

  insert into twohop.accounts (id) values (account) on conflict (id) do nothing;
  delete from twohop.account_overrides where account_id = account;
  insert into twohop.account_overrides (account_id, requests_per_minute, concurrent,
    budget_minute, budget_day, budget_month, billing_day)
  select account, wanted.requests_per_minute, wanted.concurrent,
    wanted.budget_minute, wanted.budget_day, wanted.budget_month, wanted.billing_day
  from jsonb_populate_record(null::twohop.account_overrides, overrides) as wanted
  where overrides <> '{}';
  perform twohop_private.audit(actor, 'set_account_overrides', account, reason, overrides);
end
$$;

revoke all on function
  twohop_private.audit(text, text, text, text, jsonb),
  twohop.set_plan(text, jsonb, text, text),
  twohop.set_account_status(text, text, text, text),
  twohop.set_account_plan(text, text, text, text),
  twohop.set_account_overrides(text, jsonb, text, text)
  from public, anon, authenticated;
grant execute on function
  twohop.set_plan(text, jsonb, text, text),
  twohop.set_account_status(text, text, text, text),
  twohop.set_account_plan(text, text, text, text),
  twohop.set_account_overrides(text, jsonb, text, text)
  to service_role;
