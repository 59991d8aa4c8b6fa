import { RestError } from './failure.ts'
import { identifier, literal, type Query } from './query.ts'

/**
 * The SQL of one request. Each statement returns one row: `body` (JSON as text), `shown` (rows in it) and `total` (all
 * rows, null unless counted). As in PostgREST, all of a body's values reach SQL as one JSON text, `$1`.
 */

const asList = (from: string, total = 'null') =>
  `select coalesce(json_agg(to_json(page)), '[]')::text as body, count(*)::int as shown, ${total} as total from ${from} as page`

/** A page of the rows that match. `table` is quoted SQL, here and below; `counted` asks for the total too. */
export function selectSql(table: string, query: Query, counted: boolean): string {
  const { columns, where, order, limit, offset } = query
  const page = `(select ${columns} from ${table} ${where} ${order} limit ${limit ?? 'all'} offset ${offset})`
  return asList(page, counted ? `(select count(*)::int from ${table} ${where})` : undefined)
}

/** Inserts the rows of the body, with these columns. Returns the rows only where `shown`. */
export function insertSql(table: string, columns: string[], shown: boolean, query: Query): string {
  const names = columns.map(identifier).join(', ')
  return writing(
    `insert into ${table} (${names}) select ${names} from json_populate_recordset(null::${table}, $1::text::json)`,
    shown,
    query,
  )
}

/** Sets these columns of the rows that match to the body's values. Returns the rows only where `shown`. */
export function updateSql(table: string, columns: string[], shown: boolean, query: Query): string {
  const set = columns.map((name) => `${identifier(name)} = body.${identifier(name)}`).join(', ')
  const from = `json_populate_recordset(null::${table}, $1::text::json) as body`
  // Filters name the table's own columns, so the body's row must not be visible to them.
  const filtered =
    query.where &&
    `where (${table}.tableoid, ${table}.ctid) in (select tableoid, ctid from ${table} ${query.where})`
  return writing(`update ${table} set ${set} from ${from} ${filtered}`, shown, query, `${table}.*`)
}

/** Deletes the rows that match. Returns them only where `shown`. */
export function deleteSql(table: string, shown: boolean, query: Query): string {
  return writing(`delete from ${table} ${query.where}`, shown, query)
}

/** Without `return=representation` nothing is read back, so that a role that may only write can do so. */
function writing(statement: string, shown: boolean, { columns }: Query, all = '*'): string {
  if (!shown)
    return `with written as (${statement} returning 1) select '' as body, count(*)::int as shown, null as total from written`
  return `with written as (${statement} returning ${columns === '*' ? all : columns}) ${asList('written')}`
}

/**
 * A function in the catalog: its arguments with their types, whether it returns a set (`rows`), and whether it returns
 * void (`nothing`).
 */
export type Signature = { args: Record<string, string>; rows: boolean; nothing: boolean }

/** Finds functions by schema and name. */
export const SIGNATURES = `
  select proretset as rows, prorettype = 'void'::regtype as nothing,
    coalesce((select json_object_agg(name, format_type(type, null)) from
      unnest(proargnames[1:pronargs], proargtypes::oid[]) as arg (name, type)), '{}') as args,
    pronargs - pronargdefaults as required, pronargs as most
  from pg_catalog.pg_proc join pg_catalog.pg_namespace on pg_namespace.oid = pronamespace
  where nspname = $1 and proname = $2`

/** The function among `found` that takes the arguments `given`. @throws RestError 404 PGRST202 where there is none */
export function chosen(
  schema: string,
  name: string,
  given: string[],
  found: (Signature & { required: number; most: number })[],
): Signature {
  const fits = found.find(
    ({ args, required, most }) =>
      given.every((arg) => arg in args) && given.length >= required && given.length <= most,
  )
  if (fits) return fits
  const listed = given.length > 0 ? `(${given.toSorted().join(', ')})` : ' without parameters'
  throw new RestError(
    404,
    'PGRST202',
    `Could not find the function ${schema}.${name}${listed} in the schema cache`,
  )
}

/** Calls a function with the body's arguments, of which `given` are the names. */
export function callSql(
  schema: string,
  name: string,
  given: string[],
  { args, rows, nothing }: Signature,
): string {
  const record = given.map((arg) => `${identifier(arg)} ${args[arg]}`).join(', ')
  const passed = given.map((arg) => `${identifier(arg)} := (select ${identifier(arg)} from given)`).join(', ')
  const call = `${identifier(schema)}.${identifier(name)}(${passed})`
  const given_ =
    given.length > 0 ? `with given as (select * from json_to_record($1::text::json) as _ (${record})) ` : ''
  if (rows) return given_ + asList(call)
  const body = nothing ? `(${call})::text` : `coalesce(to_json(${call}), 'null')::text`
  return `${given_}select ${body} as body, 1 as shown, null as total`
}

/** The SQL that makes the rest of a transaction act as the caller: exactly the settings of PostgREST. */
export function actAs(role: string, claims: object, schema: string, method: string, path: string): string {
  const settings = Object.entries({
    search_path: `${identifier(schema)}, "public"`,
    role,
    'request.jwt.claims': JSON.stringify(claims),
    'request.method': method,
    'request.path': path,
  })
  return `select ${settings.map(([name, value]) => `set_config(${literal(name)}, ${literal(value)}, true)`).join(', ')}`
}
