import connect, { type Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { MIGRATIONS, migrate, migrationNames } from '../../../local/postgres/migrate.ts'
import { describeEachPostgres, usageEvent } from '../../fixtures/each-postgres.ts'

const ROLES = ['anon', 'authenticated', 'service_role']

describeEachPostgres('the migrations', (postgres) => {
  const query = (text: string) => postgres.local().owner.unsafe(text)

  /** Everything that the migrations make, as the catalog describes it. */
  const catalog = async () => [
    ...(await query(`
      select 'column' as kind, format('%s.%s %s %s %s', table_schema, table_name, column_name, data_type, column_default)
        as text from information_schema.columns where table_schema like 'twohop%'
      union all select 'function', pg_get_functiondef(oid) || coalesce(proacl::text, '') from pg_proc
        where pronamespace in ('twohop'::regnamespace, 'twohop_private'::regnamespace)
      union all select 'policy', to_json(pg_policies)::text from pg_policies where schemaname like 'twohop%'
      union all select 'relation', format('%s %s %s', oid::regclass, relrowsecurity, relacl) from pg_class
        where relnamespace in ('twohop'::regnamespace, 'twohop_private'::regnamespace)
      union all select 'constraint', format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
        where connamespace = 'twohop'::regnamespace
      union all select 'trigger', pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
      order by kind, text`)),
  ]

  it('change nothing when they run again, with rows there', async () => {
    await postgres.service().rpc('record_usage_events', { events: [usageEvent('r1', 'ada')] })
    const before = await catalog()
    expect(before.length).toBeGreaterThan(150)
    expect(await migrate(postgres.local().owner)).toBe(13)
    expect(await catalog()).toEqual(before)
    expect((await postgres.service().from('usage_events').select('request_id')).data).toEqual([
      { request_id: 'r1' },
    ])
  })

  it('leave row-level security on for every table and partition', async () => {
    await postgres.service().rpc('record_usage_events', { events: [usageEvent('r1', 'ada')] })
    const tables = await query(`select relname as name, relrowsecurity as guarded from pg_class
      where relnamespace in ('twohop'::regnamespace, 'twohop_private'::regnamespace) and relkind in ('r', 'p')`)
    expect(tables.length).toBeGreaterThanOrEqual(10)
    expect(tables.filter(({ guarded }) => !guarded)).toEqual([])
  })

  it('grant no role anything but reading, and anon not even that', async () => {
    const grants = await query(`select role, relname as name, privilege
      from pg_class, unnest(array['${ROLES.join("','")}', 'public']) as role,
        unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as privilege
      where relnamespace in ('twohop'::regnamespace, 'twohop_private'::regnamespace) and relkind in ('r', 'p')
        and (has_table_privilege(role, oid, privilege)
          or privilege in ('select', 'insert', 'update') and has_any_column_privilege(role, oid, privilege))`)
    const given = Object.groupBy(grants, ({ role, privilege }) => `${role} ${privilege}`)
    expect(Object.keys(given).sort()).toEqual(['authenticated select', 'service_role select'])
    expect(given['authenticated select']?.map(({ name }) => name).sort()).toEqual([
      'account_overrides',
      'accounts',
      'api_keys',
      'feedback',
      'plans',
      'usage_daily',
      'usage_events',
      'usage_monthly',
    ])
  })

  it('let only the service role run functions, but for own_account, and pin the path of each', async () => {
    const functions = await query(`select pg_proc.oid::regprocedure::text as name, prosecdef as definer,
        coalesce(proconfig::text, '') as settings, nspname as schema,
        array(select role from unnest(array['${ROLES.join("','")}']) as role
          where has_function_privilege(role, pg_proc.oid, 'execute')) as roles
      from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where nspname like 'twohop%'`)
    expect(functions.filter(({ settings }) => settings !== '{"search_path=\\"\\""}')).toEqual([])
    for (const { name, schema, definer, roles } of functions) {
      if (schema === 'twohop_private') expect([name, definer, roles]).toEqual([name, false, []])
      else if (name === 'twohop.own_account()')
        expect([definer, roles]).toEqual([false, ['authenticated', 'service_role']])
      else expect([name, definer, roles]).toEqual([name, true, ['service_role']])
    }
    expect(functions).toHaveLength(20)
  })

  describe('on a database whose server has none of the roles that requests act as', () => {
    /** Runs `test` in a database of its own, while those three roles have other names. */
    async function onBare(test: (bare: Sql) => Promise<void>): Promise<void> {
      const { owner } = postgres.local()
      const { host, port, user, pass } = owner.options
      const rename = async (from: string, to: string) => {
        for (const role of ROLES) await owner.unsafe(`alter role ${from}${role} rename to ${to}${role}`)
      }
      await owner.unsafe('create database bare')
      await rename('', 'kept_')
      const address = { host: host[0] ?? '', port: port[0] ?? 0, user, pass: pass ?? '' }
      const bare = connect({ ...address, database: 'bare', max: 1, onnotice: () => {} })
      try {
        await test(bare)
      } finally {
        await bare.end()
        await owner.unsafe('drop database bare')
        await owner.unsafe(`drop role if exists ${ROLES.join(', ')}`)
        await rename('kept_', '')
      }
    }

    it('make them as Supabase does, and change nothing the second time', async () => {
      await onBare(async (bare) => {
        for (let time = 0; time < 2; time++)
          for (const name of await migrationNames()) await bare.file(new URL(name, MIGRATIONS))
        const roles = await bare`select rolname, rolcanlogin, rolinherit, rolbypassrls, rolsuper from pg_roles
          where rolname = any(${ROLES}) order by rolname`
        const plain = { rolcanlogin: false, rolinherit: false, rolsuper: false }
        expect([...roles]).toEqual([
          { rolname: 'anon', ...plain, rolbypassrls: false },
          { rolname: 'authenticated', ...plain, rolbypassrls: false },
          { rolname: 'service_role', ...plain, rolbypassrls: true },
        ])
      })
    })
  })
})
