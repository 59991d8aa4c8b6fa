/**
 * The roles that a Supabase project has before its first migration, so that the same migrations and policies hold here
 * and there: three that a request acts as, the one that the REST API signs in as, and the owner of the migrations,
 * which is no superuser but is let past row-level security.
 *
 * `create` on the database is what the owner needs for its schemas; a password is set for the REST API's role alone.
 */
export const rolesSql = (password: string) => `
  create role anon nologin noinherit;
  create role authenticated nologin noinherit;
  create role service_role nologin noinherit bypassrls;
  create role authenticator login noinherit password '${password}';
  grant anon, authenticated, service_role to authenticator;
  create role postgres nosuperuser nologin bypassrls createrole;
  grant create on database postgres to postgres;
  revoke create on schema public from public;
`
