import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Sql, TransactionSql } from 'postgres'
import { KEEP_ALIVE_MS } from '../../../shared/keep-alive.ts'
import { readBoundedText } from '../../../shared/read-bounded.ts'
import { inTransaction } from '../transaction.ts'
import { type CallerOptions, createIdentify } from './caller.ts'
import { failureOf, RestError } from './failure.ts'
import { identifier, queryOf } from './query.ts'
import {
  actAs,
  callSql,
  chosen,
  deleteSql,
  insertSql,
  SIGNATURES,
  type Signature,
  selectSql,
  updateSql,
} from './statements.ts'

export type RestOptions = CallerOptions & {
  /** A connection of the role that may only switch to other roles; undefined while the database is starting. */
  database: () => Sql | undefined
  /** Schemas that requests may name; the first is the default. */
  schemas: readonly [string, ...string[]]
  /** Port on 127.0.0.1; default 0, any free one. */
  port?: number
}

type Result = { body: string; shown: number; total: number | null }
type Call = { request: Request; path: string; parameters: URLSearchParams; schema: string }

/** The largest body of a request, in bytes. */
const MAX_BODY = 4 * 1024 * 1024

/**
 * The REST calls that supabase-js makes, on loopback and in front of a real PostgreSQL: `/rest/v1/<table>` and
 * `/rest/v1/rpc/<function>`, with PostgREST's URL grammar (as far as local/postgres/rest/query.ts reads it), status
 * codes and error bodies. Until the database is up, every request is answered 503 PGRST002, as PostgREST does then.
 *
 * Every request is one transaction that first takes on the caller's role and claims, as in PostgREST. So grants and
 * row-level security decide here exactly as on Supabase.
 * @throws Error with code EADDRINUSE when the port is taken
 */
export async function startRest({ database, schemas, port = 0, ...callers }: RestOptions) {
  const identify = createIdentify(callers)

  async function answer(request: Request): Promise<Response> {
    let anonymous = true
    try {
      const caller = await identify(request.headers)
      anonymous = caller.role === 'anon'
      const url = new URL(request.url)
      const path = /^\/rest\/v1\/(.+)$/.exec(url.pathname)?.[1]
      if (!path) throw new RestError(404, 'PGRST125', 'Invalid path specified in request URL')
      const schema = schemaOf(request, schemas)
      const call = { request, path, parameters: url.searchParams, schema }
      const body = await bodyOf(request)
      const reads = request.method === 'GET' || request.method === 'HEAD'
      const sql = database()
      if (!sql) throw new RestError(503, 'PGRST002', 'The database is not up yet')
      const result = await inTransaction(sql, reads ? 'read only' : 'read write', async (transaction) => {
        const run = await statementOf(call, body, transaction)
        await transaction.unsafe(actAs(caller.role, caller.claims, schema, request.method, url.pathname))
        return run()
      })
      return responseOf(call, result)
    } catch (error) {
      const { status, body } = failureOf(error, anonymous)
      return Response.json(body, { status })
    }
  }

  const server = serve({ fetch: answer, hostname: '127.0.0.1', port }) as Server
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Reads the catalog before the transaction takes on the caller's role. Returns the statement to run afterwards. */
async function statementOf({ request, path, parameters, schema }: Call, body: string, sql: TransactionSql) {
  const run = (text: string) => async (): Promise<Result> => {
    const [row] = await sql.unsafe(text, text.includes('$1') ? [body] : [])
    return row as unknown as Result
  }
  const { method } = request
  const name = /^rpc\/(\w+)$/.exec(path)?.[1]
  if (name) {
    if (method !== 'POST') throw new RestError(405, 'PGRST101', 'Only POST is served for functions')
    const given = Object.keys(objectsOf(body || '{}')[0] ?? {})
    const found = await sql.unsafe<(Signature & { required: number; most: number })[]>(SIGNATURES, [
      schema,
      name,
    ])
    return run(callSql(schema, name, given, chosen(schema, name, given, found)))
  }

  const [relation] = await sql.unsafe(
    `select from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
     where nspname = $1 and relname = $2 and relkind in ('r', 'v', 'p', 'm') and not relispartition`,
    [schema, path],
  )
  if (!relation)
    throw new RestError(404, 'PGRST205', `Could not find the table '${schema}.${path}' in the schema cache`)
  const table = `${identifier(schema)}.${identifier(path)}`
  const query = queryOf(parameters)
  const back = prefers(request, 'return=representation')
  switch (method) {
    case 'GET':
    case 'HEAD':
      return run(selectSql(table, query, prefers(request, 'count=exact')))
    case 'POST':
      return run(insertSql(table, columnsOf(body), back, query))
    case 'PATCH':
      return run(updateSql(table, columnsOf(body), back, query))
    case 'DELETE':
      return run(deleteSql(table, back, query))
    default:
      throw new RestError(405, 'PGRST117', `Unsupported HTTP method: ${method}`)
  }
}

function responseOf({ request, path, parameters }: Call, { body, shown, total }: Result): Response {
  const { method } = request
  const rpc = path.startsWith('rpc/')
  const headers = new Headers({ 'content-type': 'application/json; charset=utf-8' })
  if (method !== 'POST' && !rpc) {
    const first = Number(parameters.get('offset') ?? 0)
    headers.set('content-range', `${shown === 0 ? '*' : `${first}-${first + shown - 1}`}/${total ?? '*'}`)
  }
  if (rpc && body === '') return new Response(null, { status: 204 })
  if (method === 'POST' && !rpc) return new Response(body || null, { status: 201, headers })
  if (body === '') return new Response(null, { status: 204, headers })

  if (request.headers.get('accept')?.startsWith('application/vnd.pgrst.object+json') && !rpc) {
    if (shown !== 1) throw new RestError(406, 'PGRST116', `Cannot coerce the result to a single JSON object`)
    return new Response(body.slice(1, -1), { headers })
  }
  const status = total !== null && shown < total ? 206 : 200
  return new Response(method === 'HEAD' ? null : body, { status, headers })
}

/** @throws RestError 406 PGRST106 for a schema that is not exposed */
function schemaOf({ method, headers }: Request, schemas: readonly [string, ...string[]]): string {
  const reads = method === 'GET' || method === 'HEAD'
  const wanted = headers.get(reads ? 'accept-profile' : 'content-profile') ?? schemas[0]
  if (!schemas.includes(wanted)) throw new RestError(406, 'PGRST106', `Invalid schema: ${wanted}`)
  return wanted
}

/** @throws RestError 413 where it is too long, whether it says so or comes in chunks */
async function bodyOf(request: Request): Promise<string> {
  const body = await readBoundedText(request, {
    most: MAX_BODY,
    tooLong: () => new RestError(413, 'PGRST102', `Bodies have at most ${MAX_BODY} bytes`),
  })
  const isRow = request.method === 'PATCH' || (request.method === 'POST' && body.startsWith('{'))
  // One row becomes a list of one. The body of a function call stays an object, because it names the arguments.
  return isRow && !new URL(request.url).pathname.includes('/rpc/') ? `[${body}]` : body
}

/** @throws RestError 400 PGRST102 where the body is no JSON object or list of them */
function objectsOf(body: string): object[] {
  try {
    const parsed: unknown = JSON.parse(body)
    const list = Array.isArray(parsed) ? parsed : [parsed]
    if (list.every((item) => typeof item === 'object' && item !== null)) return list
  } catch {
    // The error below covers this too.
  }
  throw new RestError(400, 'PGRST102', 'Empty or invalid json')
}

const columnsOf = (body: string) => [...new Set(objectsOf(body).flatMap(Object.keys))]

const prefers = ({ headers }: Request, wish: string) =>
  (headers.get('prefer') ?? '').split(',').some((word) => word.trim() === wish)
