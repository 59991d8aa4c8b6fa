import * as z from 'zod'
import { isMediaTask } from '../../shared/catalog.ts'
import { ERRORS } from '../../shared/errors.ts'
import { MEDIA_REQUESTS } from '../../shared/media.ts'
import { TASK_REQUESTS } from '../../shared/tasks.ts'
import { ROUTES, type Route } from '../routes/table.ts'
import { codesOf } from './codes.ts'
import { ANSWERED, QUERIES, SENT } from './schemas.ts'

type Json = Record<string, unknown>

const BEARER = [{ bearer: [] }]

/** The edge's API as an OpenAPI 3.1 document, made of the table of routes and of the schemas that read requests. */
export function openApi(): Json {
  const paths: Record<string, Json> = {}
  function add(at: string, method: string, route: Route, body: Json | undefined | ''): void {
    paths[at] = { ...paths[at], [method.toLowerCase()]: operation(route, method, at, body || undefined) }
  }
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    const [method = '', path = ''] = name.split(' ')
    const template = path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}')
    if (!route.tasks) add(template, method, route, route.body && named(route.body))
    else
      for (const [task, body] of Object.entries({ ...TASK_REQUESTS, ...MEDIA_REQUESTS })) {
        const at = template.replace('{task}', task)
        const sent = isMediaTask(task) ? withFile(schemaOf(body)) : schemaOf(body)
        add(at, method, { ...route, scope: route.scope.replace('<task>', task) }, sent)
      }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Twohop',
      version: '1',
      description: 'Models behind a sign-in, each user with a budget. Errors have stable codes.',
    },
    // Beside this document, wherever the edge is.
    servers: [{ url: '.' }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An ID token of Firebase, an access token of Supabase, or an API key.',
        },
      },
      headers: HEADERS,
      responses: { Refused: refused(), Later: refused('Retry-After') },
      schemas: { ...schemasOf(SENT, 'input'), ...schemasOf(ANSWERED, 'output'), Error: ERROR },
    },
  }
}

function operation(route: Route, method: string, path: string, body: Json | undefined): Json {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1 },
  }))
  const query = Object.entries(route.query ? (QUERIES[route.query]?.shape ?? {}) : {}).map(
    ([name, schema]) => ({
      name,
      in: 'query',
      schema: schemaOf(schema as z.ZodType),
    }),
  )
  const repeatable = method === 'POST' && route.scope !== 'none'
  const parameters = [
    ...inPath,
    ...query,
    ...(repeatable ? [IDEMPOTENCY] : []),
    ...(route.computes ? [VERSION] : []),
  ]
  const scoped = route.scope !== 'none' && route.scope !== 'any'
  return {
    operationId: `${method.toLowerCase()}${path.replace('/v1', '').replaceAll(/\W+/g, '_')}`.replace(
      /_$/,
      '',
    ),
    summary: route.says,
    ...(scoped && { description: `Needs the scope \`${route.scope}\`.` }),
    ...(route.scope !== 'none' && { security: BEARER }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: sentAs(route, path, body) } }),
    responses: { [route.status ?? 200]: answered(route), ...refusals(route, method) },
  }
}

/** The forms of a body: JSON, a form, or for a task of a file also the file itself. */
function sentAs(route: Route, path: string, schema: Json): Json {
  if (route.form) return { 'multipart/form-data': { schema } }
  const json = { 'application/json': { schema } }
  if (!isMediaTask(path.split('/').at(-1) ?? '')) return json
  return { ...json, 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
}

/** A task's JSON with its file, which is read before the rest. */
function withFile(schema: Json): Json {
  const file = { type: 'string', contentEncoding: 'base64', description: 'The file.' }
  const { properties, required = [] } = schema
  return {
    ...schema,
    properties: { inputs: file, ...Object(properties) },
    required: ['inputs', ...Object(required)],
  }
}

function answered(route: Route): Json {
  const whole = { 'application/json': { schema: named(route.answer) } }
  const stream = { 'text/event-stream': { schema: { type: 'string' } } }
  const said = { asked: 'The answer; with `stream` as server-sent events.', always: 'Server-sent events.' }
  return {
    description: route.events ? said[route.events] : 'The answer.',
    headers: headersOf(
      'X-Request-Id',
      'Server-Timing',
      ...(route.computes ? [...RATES, 'X-Model-Version', 'X-Cache'] : []),
    ),
    content: route.as
      ? { [route.as]: { schema: { type: 'string' } } }
      : route.events === 'always'
        ? stream
        : { ...whole, ...(route.events && stream) },
  }
}

function refusals(route: Route, method: string): Json {
  const found = [...codesOf(route, method)].map(([status, codes]) => {
    const later = status === 429 || status >= 503 ? 'Later' : 'Refused'
    return [status, { $ref: `#/components/responses/${later}`, description: codes.join(', ') }]
  })
  return Object.fromEntries(found)
}

const IDEMPOTENCY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same request under the same key is done once, and gets its first answer again.',
  schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
}

const VERSION = {
  name: 'X-Model-Version',
  in: 'header',
  description: "The model's version, by its name. Needs the scope `versions`.",
  schema: { type: 'string' },
}

const RATES = ['RateLimit', 'RateLimit-Policy', 'X-Budget-Threshold']
const headerOf = (description: string) => ({ description, schema: { type: 'string' } })
const HEADERS = {
  'X-Request-Id': headerOf("The request's id, also in the body of an error."),
  'Server-Timing': headerOf('How long each step took.'),
  'X-Should-Retry': headerOf(
    '`true` or `false`: whether the same request, sent again, may be answered otherwise.',
  ),
  'Retry-After': headerOf('Seconds to wait.'),
  RateLimit: headerOf('What is left of each limit.'),
  'RateLimit-Policy': headerOf('The limits.'),
  'X-Model-Version': headerOf('Which version of the model answers, where it has versions.'),
  'X-Cache': headerOf('`hit` where the answer is one of before, `miss` where it could have been.'),
  'X-Budget-Threshold': headerOf('Which share of a budget is used, from 50 per cent on.'),
}
const headersOf = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

/** Any refusal or failure. Where it is referred to, its description is the list of its codes. */
const refused = (...more: string[]) => ({
  description: 'What was refused, or failed.',
  headers: headersOf('X-Request-Id', 'X-Should-Retry', ...more),
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
})

const text = { type: 'string' }
const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'code', 'param', 'request_id'],
      properties: {
        message: text,
        type: text,
        // The others are for the edge alone.
        code: { enum: Object.keys(ERRORS).filter((code) => !/^(service_|cancelled$)/.test(code)) },
        param: { type: ['string', 'null'] },
        request_id: text,
        resets_at: { ...text, format: 'date-time' },
      },
    },
  },
}

/** Named schemas as JSON Schema 2020-12, which OpenAPI 3.1 speaks; they refer to each other. */
function schemasOf(byId: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(byId)) registry.add(schema, { id })
  const uri = (id: string) => `#/components/schemas/${id}`
  const { schemas } = z.toJSONSchema(registry, { ...OPTIONS, uri, io })
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema, $id, ...json }]) => [id, json]))
}

function schemaOf(schema: z.ZodType): Json {
  const { $schema, ...json } = z.toJSONSchema(schema, { ...OPTIONS, io: 'input' })
  return json
}

/** @throws TypeError where no schema has that name */
function named(name: string): Json {
  if (!(name in SENT || name in ANSWERED)) throw new TypeError(`no schema is called ${name}`)
  return { $ref: `#/components/schemas/${name}` }
}

/** What the schemas do before they check: null is as good as nothing. Patterns of JavaScript's own are left out. */
function asSent({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes
  jsonSchema: z.core.JSONSchema.BaseSchema
}) {
  const { def } = zodSchema._zod
  if (def.type === 'object' && jsonSchema.required) {
    const must = jsonSchema.required.filter((name) => !mayBeNull(def.shape[name] as z.core.$ZodTypes))
    if (must.length > 0) jsonSchema.required = must
    else delete jsonSchema.required
  }
  if (mayBeNull(zodSchema)) {
    const { ...inner } = jsonSchema
    for (const name of Object.keys(jsonSchema)) delete jsonSchema[name]
    if (inner.not) Object.assign(jsonSchema, { ...inner, not: undefined, type: 'null' })
    else if (Object.keys(inner).length > 0) jsonSchema.anyOf = [inner, { type: 'null' }]
  }
  if (jsonSchema.pattern?.includes('\\p{')) delete jsonSchema.pattern
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
}

/** Fields of `optional` and `withDefault` (shared/openai/field.ts). */
function mayBeNull(schema: z.core.$ZodTypes): boolean {
  const { def } = schema._zod
  return def.type === 'pipe' && def.in._zod.def.type === 'transform' && z.safeParse(schema, null).success
}

const OPTIONS = { unrepresentable: 'any', override: asSent } as const
