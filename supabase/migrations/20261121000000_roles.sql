-- The three roles that a request acts as. Every Supabase project has them, and there this changes nothing. On a PostgreSQL
-- of your own they are made here, as Supabase makes them; a REST API such as PostgREST then switches to them.

do $$
declare
  missing text[] := array(
    select role from unnest(array['anon', 'authenticated', 'service_role']) as role
    where not exists (select from pg_catalog.pg_roles where rolname = role)
  );
begin
  if 'anon' = any (missing) then create role anon nologin noinherit; end if;
  if 'authenticated' = any (missing) then create role authenticated nologin noinherit; end if;
  if 'service_role' = any (missing) then create role service_role nologin noinherit bypassrls; end if;
exception when insufficient_privilege then
  raise exception 'roles are missing that requests act as: %', array_to_string(missing, ', ')
    using hint = 'Run this migration once as a superuser. It makes them.', errcode = '42501';
end
$$;
