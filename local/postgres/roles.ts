/**
 * The roles that a Supabase project has before its first migration, so that the same migrations and policies work in
 * both places. Three are the roles that a request acts as. One is what the REST API signs in as. One owns the
 * migrations: it is no superuser, but bypasses row-level security.
 *
 * The owner needs `create` on the database for its schemas. Only the REST API's role has a password.
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
