import { Hono } from 'hono/tiny'
import { beforeEach, expect, it } from 'vitest'
import type { Caller } from '../../../../edge/access/caller.ts'
import { createReadBody } from '../../../../edge/parse/read-body.ts'
import { countTokens } from '../../../../edge/routes/count-tokens.ts'
import type { Env } from '../../../../edge/routes/env.ts'
import { createTimings } from '../../../../edge/routes/timings.ts'
import type { CountCall } from '../../../../edge/upstream/port.ts'
import { Guards, type Plan } from '../../../../shared/catalog.ts'
import { errorResponse } from '../../../../shared/errors.ts'
import { catalog } from '../../../fixtures/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { readLog } from '../../../fixtures/log.ts'

const CHAT = catalog.models.find(({ tasks }) => tasks.includes('chat'))?.id ?? ''
const VERSIONS = [
  { id: 'a', weight: 1 },
  { id: 'b', weight: 0 },
]
let guards: Plan['guards']
/** Scopes of the API key that asks. */
let scopes: Set<string>
let asked: CountCall[]
/** Whether a foreign upstream may get it. */
let leaves: boolean
beforeEach(() => {
  guards = undefined
  scopes = new Set(['chat', 'versions'])
  asked = []
  leaves = false
})

/** What the plan gives whoever asks, for a model of two versions. */
function entitled() {
  const models = catalog.models.map((model) => (model.id === CHAT ? { ...model, versions: VERSIONS } : model))
  const plans = catalog.plans.map((plan) => ({
    ...plan,
    guards,
    scopes: [...plan.scopes, 'versions' as const],
  }))
  return entitledTo('free', { ...catalog, models, plans })
}

async function ask(headers: Record<string, string> = {}, changes: object = {}) {
  const { log, lines } = readLog()
  const app = new Hono<Env>()
  app.use(async (c, next) => {
    c.set('requestId', 'r1')
    c.set(
      'timings',
      createTimings(() => 0),
    )
    c.set('readBody', createReadBody(c.req.raw, { most: 10_000, timeoutMs: 1000 }))
    await next()
  })
  const entitlement = entitled()
  const { plan } = entitlement
  const answer = countTokens({
    authenticate: async () => ({ issuer: 'key', id: 'k1', secretHash: 'h' }),
    identify: async () => ({ account: 'ada', plan, scopes }) as unknown as Caller,
    entitle: () => entitlement,
    countRead() {},
    host: {
      async countTokens(call) {
        asked.push(call)
        return 7
      },
    },
    leaves: () => leaves,
    log,
    now: () => 0,
    requestTimeoutMs: 1000,
    bodyLimitBytes: 10_000,
  })
  app.post('/', answer)
  app.onError((error) => errorResponse(error, 'r1'))
  const body = JSON.stringify({ model: CHAT, messages: [{ role: 'user', content: 'Hello' }], ...changes })
  const request = new Request('http://edge.example/', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  const answered = await app.fetch(request, { background() {}, address: undefined })
  return { status: answered.status, json: await answered.json(), lines }
}

it('counts at the version of the account, or the one that is asked for by name', async () => {
  expect(await ask()).toMatchObject({ status: 200, json: { input_tokens: 7 } })
  expect(await ask({ 'x-model-version': 'b' })).toMatchObject({ status: 200 })
  expect(asked.map(({ version }) => version)).toEqual(['a', 'b'])
  expect(await ask({ 'x-model-version': 'c' })).toMatchObject({
    json: { error: { code: 'model_not_found', param: 'x-model-version' } },
  })
})

it('asks nobody where the key lacks the scope, whatever its plan has', async () => {
  scopes = new Set(['chat'])
  expect(await ask({ 'x-model-version': 'b' })).toMatchObject({
    status: 403,
    json: { error: { code: 'scope_missing' } },
  })
  expect(asked).toEqual([])
})

it('lets the guards look through its texts, since they leave the edge', async () => {
  guards = Guards.parse({ pii: { find: ['email'], in: 'block' } })
  const content = 'I am ada@example.com'
  expect(await ask({}, { system: content })).toMatchObject({
    status: 400,
    json: { error: { code: 'content_blocked', param: expect.stringContaining('messages[0]') } },
  })
  expect(asked).toEqual([])
  guards = Guards.parse({ pii: { find: ['email'], in: 'flag', out: 'block' } })
  const { status, lines } = await ask({}, { messages: [{ role: 'user', content }] })
  expect([status, asked.length]).toEqual([200, 1])
  expect(lines).toMatchObject([{ event: 'guard_flagged' }])
})

it('masks what a foreign upstream may get, and for all where the plan says so', async () => {
  const content = 'I am ada@example.com'
  const messages = [{ role: 'user', content }]
  guards = Guards.parse({ pii: { find: ['email'], in: 'mask' } })
  await ask({}, { messages })
  leaves = true
  await ask({}, { messages })
  guards = Guards.parse({ pii: { find: ['email'], in: 'mask', mask: 'all' } })
  await ask({}, { messages })
  const said = asked.map(({ request, masked }) => [request, masked].map((one) => one?.messages[0]?.content))
  const hidden = 'I am [EMAIL_1]'
  expect(said).toEqual([
    [content, undefined],
    [content, hidden],
    [hidden, hidden],
  ])
})
