import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { EDGE_VARIABLES } from '../../edge/runtime/variables.ts'
import { openSigningKeys } from '../../local/issuer/jwks.ts'
import { createMint } from '../../local/issuer/mint.ts'
import type { Stack } from '../../local/stack.ts'
import { brokenValues } from '../fixtures/broken-variables.ts'
import { CANARY, createCanaries, plantedIn } from '../fixtures/stack/canaries.ts'
import { testCatalog } from '../fixtures/stack/plans.ts'
import { startTestStack } from '../fixtures/stack/start-test-stack.ts'
import { upstreamModel } from '../fixtures/upstream-edge.ts'
import { type Asked, type Script, startScripted } from '../fixtures/vendors/scripted.ts'

// The whole stack with a ledger, before secrets in every text of every request, in headers, in variables and in what
// upstreams say. None of them may be found again where it does not belong, whether prompts are kept or not.

const canaries = createCanaries()
const { plant } = canaries
const base64 = (text: string) => Buffer.from(text).toString('base64')
const VARIABLES = {
  API_KEY_SECRETS: `${plant('API_KEY_SECRETS')} and more`,
  HOST_HEADERS: JSON.stringify({ 'x-door': plant('HOST_HEADERS') }),
  WEBHOOK_SECRET: `whsec_${base64(plant('WEBHOOK_SECRET'))}`,
  UPSTREAM_KEY_ABROAD: plant('UPSTREAM_KEY_ABROAD'),
}
const BASE64 = base64(CANARY).slice(0, 6)

/** A vendor that says secrets: in a refusal, in fields that nobody knows, and where a stream breaks off. */
function abroad({ body }: Asked): Script {
  const said = String((body.messages as { content: string }[])[0]?.content)
  const secret = plant(`upstream: ${said}`)
  const fields = { [secret]: secret, system_fingerprint: secret, id: secret }
  if (said === 'refuse')
    return {
      status: 400,
      json: { error: { message: secret, code: secret, param: secret } },
      headers: { 'x-request-id': secret },
    }
  if (said === 'fail') return { status: 500, json: { error: { message: secret } } }
  const choice = { index: 0, finish_reason: 'stop', logprobs: null, [secret]: secret }
  if (said === 'answer')
    return {
      json: {
        ...fields,
        choices: [{ ...choice, message: { role: 'assistant', content: 'Hello', [secret]: secret } }],
        usage: { prompt_tokens: 1, completion_tokens: 1 },
      },
    }
  return { events: [{ data: { ...fields, choices: [] } }, { data: { error: { message: secret } } }] }
}

let stack: Stack
let dir: string
let vendor: Awaited<ReturnType<typeof startScripted>>
let hook: Awaited<ReturnType<typeof startScripted>>
let edges: Record<'off' | 'redacted', { url: string; cronUrl: string }>
/** An edge whose variables are all wrong, each in another way, with a secret in it. */
let broken: { url: string; cronUrl: string }
let token: string
let admin: string

beforeAll(async () => {
  vendor = await startScripted(abroad)
  hook = await startScripted(() => ({}))
  const started = await startTestStack('test-canary', {
    ledger: true,
    edgeVariables: { ...VARIABLES, METRICS: 'on', WEBHOOK_URL: hook.url, UPSTREAM_LOOPBACK: 'on' },
    catalog: (base) => ({
      ...testCatalog(base),
      upstreams: [
        {
          id: 'abroad',
          kind: 'openai',
          url: vendor.url,
          key: 'UPSTREAM_KEY_ABROAD',
          broken: 'reserved',
          speaks: 'openai',
        },
      ],
      models: [
        ...base.models,
        { ...upstreamModel('abroad', {}), tasks: ['chat'], upstreams: [{ id: 'abroad', weight: 1 }] },
      ],
      plans: testCatalog(base).plans.map((plan) => ({ ...plan, models: [...plan.models, 'abroad'] })),
    }),
  })
  stack = started.stack
  dir = started.dir
  const redacted = await stack.startEdge(0, { LOG_PROMPTS: 'redacted' })
  edges = { off: stack.file.edge, redacted: redacted.ready }
  const wrong = Object.keys(EDGE_VARIABLES).map((name, i) => {
    const values = brokenValues(name, plant(`broken ${name}`))
    return [name, values[i % values.length] ?? '']
  })
  broken = (await stack.startEdge(0, Object.fromEntries(wrong))).ready
  const mint = createMint({
    keys: await openSigningKeys(join(dir, 'issuer')),
    projectId: stack.file.issuers.firebase.projectId,
    supabaseUrl: stack.file.issuers.supabase.url,
    ttlSeconds: 3600,
    now: Date.now,
  })
  const of = (uid: string, more: object) =>
    mint.mintFirebase({
      uid,
      email: `${plant('email of a token')}@x.example`,
      customClaims: { twohop: { plan: 'roomy', ...more }, [plant('claim')]: plant('claim') },
    })
  token = await of('user', {})
  admin = await of('admin', { role: 'admin' })
}, 240_000)
afterAll(async () => {
  await stack?.stop()
  await vendor?.stop()
  await hook?.stop()
})

/** Bodies with every field that a client may send, by their paths. */
function bodies(): [path: string, body: object][] {
  const { chat, embed, classify } = stack.file.models
  const schema = {
    type: 'object',
    properties: { city: { type: 'string', description: 'a city', enum: ['Oslo'] } },
    required: ['city'],
  }
  const tool = { name: 'weather', description: 'tells it', parameters: schema }
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }
  const chatted = {
    model: chat,
    max_tokens: 1,
    user: 'me',
    stop: ['END'],
    messages: [
      { role: 'system', content: 'Be brief.', name: 'boss' },
      { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
      { role: 'assistant', content: 'I ask.', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
      { role: 'user', content: 'So?' },
    ],
    tools: [{ type: 'function', function: tool }],
    tool_choice: 'none',
    metadata: { mine: 'yes' },
  }
  const structured = {
    model: chat,
    max_tokens: 1,
    messages: [{ role: 'user', content: 'x' }],
    response_format: { type: 'json_schema', json_schema: { name: 'city', description: 'one', schema } },
  }
  const messages = {
    model: chat,
    max_tokens: 1,
    system: 'Be brief.',
    stop_sequences: ['END'],
    metadata: { user_id: 'me' },
    messages: [
      { role: 'user', content: 'Hello' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I ask.' },
          { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Oslo' } },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'rain' }] },
    ],
    tools: [{ name: 'weather', description: 'tells it', input_schema: schema }],
  }
  const responses = {
    model: chat,
    max_output_tokens: 1,
    store: false,
    instructions: 'Be brief.',
    metadata: { mine: 'yes' },
    input: [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'rain' },
    ],
    tools: [{ type: 'function', ...tool }],
  }
  return [
    ['/v1/chat/completions', chatted],
    ['/v1/chat/completions', structured],
    ['/v1/responses', responses],
    ['/v1/messages', messages],
    ['/v1/messages/count_tokens', { model: chat, messages: messages.messages.slice(0, 1) }],
    ['/v1/completions', { model: chat, max_tokens: 1, prompt: 'Hello', stop: 'END', user: 'me' }],
    ['/v1/embeddings', { model: embed, input: ['Hello'], encoding_format: 'float', user: 'me' }],
    ['/v1/tasks/text-classification', { model: classify, inputs: 'Hello' }],
    [
      '/v1/jobs',
      {
        endpoint: '/v1/chat/completions',
        inputs: [{ model: chat, max_tokens: 1, messages: [{ role: 'user', content: 'Hello' }] }],
      },
    ],
    ['/v1/feedback', { request_id: 'r1', score: 1, text: 'good' }],
    ['/v1/keys', { name: 'mine', scopes: ['chat'] }],
    ['/v1/keys/leaked', { key: 'twohop_sk_x', source: 'github' }],
  ]
}

/** Headers that a client may send, each with a secret. */
const HEADERS = [
  'user-agent',
  'origin',
  'referer',
  'cookie',
  'x-api-key',
  'x-forwarded-for',
  'x-request-id',
  'x-firebase-appcheck',
  'x-model-version',
  'idempotency-key',
  'accept',
  'accept-language',
  'anthropic-version',
  'traceparent',
  'tracestate',
  'cf-connecting-ip',
  'authorization',
  'content-type',
]

type Seen = { where: string; status: number; text: string }

async function ask(where: string, url: string, init: RequestInit): Promise<Seen> {
  const answer = await fetch(url, init)
  const text = await answer.text()
  return {
    where: `${where} -> ${answer.status}`,
    status: answer.status,
    text: `${JSON.stringify([...answer.headers])} ${text}`,
  }
}
const sent = (body: object, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

/** Runs tasks, so many at a time. */
async function all<T>(tasks: readonly (() => Promise<T>)[], width = 8): Promise<T[]> {
  const left = [...tasks.entries()]
  const done: T[] = []
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let next = left.shift(); next; next = left.shift()) done[next[0]] = await next[1]()
    }),
  )
  return done
}

/** Everything that is asked of one edge. */
function asked(edge: string): (() => Promise<Seen>)[] {
  const inBodies = bodies().flatMap(([path, body]) =>
    [...plantedIn(body, (where) => plant(`${path} ${where}`))].map(
      (one) => () => ask(path, `${edge}${path}`, sent(one)),
    ),
  )
  const { chat } = stack.file.models
  const hello = { model: chat, max_tokens: 1, messages: [{ role: 'user', content: 'Hello' }] }
  const inHeaders = HEADERS.flatMap((name) =>
    ['/v1/chat/completions', '/v1/messages'].map(
      (path) => () =>
        ask(`header ${name}`, `${edge}${path}`, sent(hello, { [name]: plant(`header ${name}`) })),
    ),
  )
  const inUrls = [
    '/v1/models/?',
    '/v1/jobs/?',
    '/v1/keys/?',
    '/?',
    '/v1/chat/completions?key=?',
    '/v1/admin/accounts/?',
  ].map(
    (path) => () =>
      ask('URL', `${edge}${path.replace('?', plant('URL'))}`, {
        headers: { authorization: `Bearer ${admin}` },
      }),
  )
  const upstream = ['refuse', 'fail', 'answer', 'break'].flatMap((content) =>
    [false, true].map(
      (stream) => () =>
        ask(
          `upstream ${content}`,
          `${edge}/v1/chat/completions`,
          sent({ model: 'abroad', max_tokens: 1, stream, messages: [{ role: 'user', content }] }),
        ),
    ),
  )
  const acts = [
    () =>
      ask('admin', `${edge}/v1/admin/accounts/firebase:x:${plant('account')}/suspend`, {
        ...sent({}),
        headers: { authorization: `Bearer ${token}` },
      }),
  ]
  return [...inBodies, ...inHeaders, ...inUrls, ...upstream, ...acts]
}

async function redis<T>(...command: (string | number)[]): Promise<T> {
  const { url, token: secret } = stack.file.redis
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify(command),
  })
  return ((await answer.json()) as { result: T }).result
}

/** All of Redis: each key with what it holds. */
async function stored(): Promise<[key: string, value: string][]> {
  const read: Record<string, (key: string) => (string | number)[]> = {
    string: (key) => ['GET', key],
    hash: (key) => ['HGETALL', key],
    zset: (key) => ['ZRANGE', key, 0, -1],
    set: (key) => ['SMEMBERS', key],
    list: (key) => ['LRANGE', key, 0, -1],
    stream: (key) => ['XRANGE', key, '-', '+'],
  }
  return all(
    (await redis<string[]>('KEYS', '*')).map((key) => async (): Promise<[string, string]> => {
      const how = read[await redis<string>('TYPE', key)]
      return [key, how ? JSON.stringify(await redis(...how(key))) : '']
    }),
  )
}

/** Rows of all tables of the ledger. */
async function rows(): Promise<[table: string, text: string][]> {
  const { postgres } = stack.file
  const folder = new URL('../../supabase/migrations/', import.meta.url)
  const texts = await Promise.all(
    (await readdir(folder)).map((name) => readFile(new URL(name, folder), 'utf8')),
  )
  const tables = texts.flatMap((text) =>
    [...text.matchAll(/^create table if not exists twohop\.(\w+)/gm)].map(([, name = '']) => name),
  )
  return all(
    tables.map((table) => async (): Promise<[string, string]> => {
      const key = postgres?.secretKey ?? ''
      const answer = await fetch(`${postgres?.url}/rest/v1/${table}?select=*`, {
        headers: { apikey: key, authorization: `Bearer ${key}`, 'accept-profile': 'twohop' },
      })
      return [`${table} ${answer.status}`, await answer.text()]
    }),
  )
}

/**
 * What a client said to be kept: its jobs, the names of its keys, its feedback. And what it has to mend, told to itself alone: the
 * name of a field or a path that there is not.
 */
const ALLOWED: readonly [place: RegExp, planted: RegExp][] = [
  [/^twohop:job:/, /^\/v1\/jobs inputs\./],
  [/^twohop:key:/, /^\/v1\/keys name$/],
  [/^twohop:feedback$|^feedback /, /^\/v1\/feedback (?:text|request_id)$/],
  [/^error to \//, /a field that there is not$/],
  [/^error to URL /, /^URL$/],
]

/** Secrets that are where they do not belong. */
function* leaks(place: string, text: string): Generator<string> {
  for (const where of canaries.in(text))
    if (!ALLOWED.some(([there, planted]) => there.test(place) && planted.test(where)))
      yield `${place}: ${where}`
  if (text.includes(BASE64)) yield `${place}: in base64`
}

it('knows every secret among the variables that the stack has', () => {
  const secret = Object.entries(EDGE_VARIABLES).flatMap(([name, row]) => ('secret' in row ? [name] : []))
  const used = secret.filter((name) => name in stack.edgeVariables)
  expect(used.toSorted()).toEqual(
    [
      'API_KEY_SECRETS',
      'HOST_HEADERS',
      'LEDGER_SUPABASE_KEY',
      'SERVICE_TOKEN_PRIVATE_KEY',
      'UPSTASH_REDIS_REST_TOKEN',
      'WEBHOOK_SECRET',
    ].toSorted(),
  )
})

it('an edge whose variables are wrong shows nothing of them, and has a line for each answer', async () => {
  const log = () => readFile(join(dir, 'stack.log'), 'utf8')
  const seen = await all(
    ['/healthz', '/v1/models', '/v1/messages'].map((path) => () => ask(path, `${broken.url}${path}`, {})),
  )
  await fetch(broken.cronUrl, { method: 'POST' })
  for (const { status, text } of seen) {
    expect(status).toBe(503)
    const id = /"request_id":"([^"]+)"/.exec(text)?.[1] ?? 'none'
    const line = async () => (await log()).split('\n').find((each) => each.includes(id))
    await expect.poll(line).toContain('"event":"answer_failed"')
  }
  await expect.poll(log).toContain('"event":"scheduled_failed"')
  const text = await log()
  const complaints = text.split('\n').find((line) => line.includes('"event":"not_configured"')) ?? ''
  for (const name of ['ALLOWED_ORIGINS', 'CATALOG', 'SUPABASE_URLS']) expect(complaints).toContain(name)
  expect([...leaks('log', text), ...seen.flatMap((each) => [...leaks(each.where, each.text)])]).toEqual([])
})

it.each(['off', 'redacted'] as const)(
  'finds no secret again with LOG_PROMPTS=%s',
  { timeout: 240_000 },
  async (mode) => {
    const { url, cronUrl } = edges[mode]
    const seen = await all(asked(url))
    const statuses = new Set(seen.map(({ status }) => status))
    for (const status of [200, 202, 400, 401, 404]) expect(statuses, String(status)).toContain(status)

    const found: string[] = []
    const look = (place: string, text: string) => found.push(...leaks(place, text))
    // What is answered as asked may say it again: the text of an answer, of a job. An error says none of it.
    for (const { where, status, text } of seen) if (status >= 400) look(`error to ${where}`, text)

    // The ledger comes up later than the edge.
    const drained = async () =>
      (await fetch(cronUrl, { method: 'POST' })).ok &&
      (await rows()).some(([name, text]) => name === 'usage_events 200' && text.length > 1000)
    await expect.poll(drained, { interval: 500 }).toBe(true)
    for (const [key, value] of await stored()) {
      look(key, key)
      look(key, value)
    }
    const tables = await rows()
    // What the edge's own role may not read, it does not write.
    expect(
      tables.every(([name]) => / (?:200|403)$/.test(name)),
      String(tables.map(([name]) => name)),
    ).toBe(true)
    for (const [name, text] of tables) look(name, text)

    const pages = [
      '/metrics',
      '/v1/usage',
      '/v1/usage/history',
      '/v1/usage/requests',
      '/v1/admin/stats',
      '/v1/admin/accounts',
      '/v1/admin/audit',
      '/dashboard',
    ]
    for (const path of pages) {
      const { text } = await ask(path, `${url}${path}`, { headers: { authorization: `Bearer ${admin}` } })
      look(path, text)
    }
    look('webhooks', JSON.stringify(hook.asked))
    const log = await readFile(join(dir, 'stack.log'), 'utf8')
    for (const line of log.split('\n')) look(`log: ${line.slice(0, 200)}`, line)
    for (const name of ['SERVICE_TOKEN_PRIVATE_KEY', 'UPSTASH_REDIS_REST_TOKEN', 'LEDGER_SUPABASE_KEY']) {
      const value = stack.edgeVariables[name] ?? ''
      const secret = name === 'SERVICE_TOKEN_PRIVATE_KEY' ? String(JSON.parse(value).d) : value
      if (log.includes(secret) || seen.some(({ text }) => text.includes(secret)))
        found.push(`variable ${name}`)
    }
    expect([...new Set(found)]).toEqual([])
    const kept = (await stored()).find(([key]) => key === 'twohop:prompts')
    expect(kept?.[1].includes('[secret.known]') ?? false).toBe(mode === 'redacted')
  },
)
