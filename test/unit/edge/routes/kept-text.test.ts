import { Hono } from 'hono'
import { expect, it } from 'vitest'
import * as z from 'zod'
import type { Caller } from '../../../../edge/access/caller.ts'
import { keptText } from '../../../../edge/parse/body.ts'
import { createReadBody } from '../../../../edge/parse/read-body.ts'
import { addRoutes } from '../../../../edge/routes/add-routes.ts'
import { adminRoutes } from '../../../../edge/routes/admin.ts'
import { apiKeyRoutes } from '../../../../edge/routes/api-keys.ts'
import type { Env } from '../../../../edge/routes/env.ts'
import { statsRoutes } from '../../../../edge/routes/stats.ts'
import { errorResponse } from '../../../../shared/errors.ts'
import { parseAs } from '../../../../shared/parse-as.ts'
import { planOf } from '../../../fixtures/catalog.ts'
import { unreadLog } from '../../../fixtures/log.ts'

const caller: Caller = {
  account: 'firebase:demo:ada',
  plan: planOf('free'),
  claimedPlan: undefined,
  scopes: new Set(['keys', 'admin', 'chat']),
  key: undefined,
  payer: { account: 'firebase:demo:ada', issuedAt: 1 },
}
/** What may be asked of a port where nothing is to be done: nothing. */
const unasked = new Proxy({}, { get: (_, name) => expect.fail(`${String(name)} was asked`) }) as never

const app = new Hono<Env>()
app.use(async (c, next) => {
  c.set('readBody', createReadBody(c.req.raw, { most: 1000, timeoutMs: 1000 }))
  await next()
})
addRoutes(app, {
  ...apiKeyRoutes({
    ...{ apiKeys: unasked, tell: unasked, keyForm: unasked, countAct: () => expect.fail('it was counted') },
    callerOf: async () => caller,
    once: (_, __, act) => act(),
    now: () => 0,
  }),
  ...adminRoutes({
    ...{
      accounts: unasked,
      audit: unasked,
      readUsage: unasked,
      readAnomaly: unasked,
      sync: unasked,
      cancelJobs: unasked,
      forgetRefusals: unasked,
    },
    ...{ catalog: unasked, countAct: () => expect.fail('it was counted') },
    callerOf: async () => caller,
    administered: new Map([['firebase:demo', new Set(['firebase:demo'])]]),
    log: unreadLog,
    once: (_, __, act) => act(),
    now: () => 0,
  }),
  ...statsRoutes({
    ...{ readStats: unasked, readMonths: unasked, forecast: undefined, now: () => 0 },
    callerOf: async () => caller,
    administered: new Map([['firebase:demo', new Set(['firebase:demo'])]]),
  }),
})
app.onError((error) => errorResponse(error, 'r1'))

it.each(['a\0b', 'a\ud800', '\udc00b'])(
  'refuses %j, which the ledger cannot keep, where a text goes into the audit log',
  async (text) => {
    for (const [path, body, param] of [
      ['/v1/keys', { name: text, scopes: ['chat'] }, 'name'],
      ['/v1/keys/leaked', { key: 'twohop_sk_', source: text }, 'source'],
      ['/v1/admin/accounts/firebase:demo:eve/suspend', { reason: text }, 'reason'],
      ['/v1/admin/accounts/firebase:demo:eve/grant', { units: 1, reason: text }, 'reason'],
    ] as const) {
      const headers = { 'content-type': 'application/json' }
      const answer = await app.request(path, { method: 'POST', headers, body: JSON.stringify(body) })
      expect([answer.status, await answer.json()], path).toMatchObject([
        400,
        { error: { code: 'invalid_request', param } },
      ])
    }
  },
)

it.each([
  ['GET', '/v1/admin/accounts/firebase:demo:%00', 'account'],
  ['GET', '/v1/admin/accounts/firebase:demo:eve%00/usage', 'account'],
  ['POST', '/v1/admin/accounts/firebase:demo:eve%00/suspend', 'account'],
  ['POST', '/v1/admin/accounts/firebase:demo:eve%00/plan', 'account'],
  ['GET', '/v1/admin/months?account=firebase:demo:%00', 'account'],
  ['GET', '/v1/admin/audit?target=firebase:demo:%00', 'target'],
])('%s %s names what cannot be stored, so no store is asked', async (method, path, param) => {
  const answer = await app.request(path, { method })
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { error: { code: 'invalid_request', param } },
  ])
})

it.each(['99999999999999999999', '18446744073709551616', '1e3', '-1', '0x10'])(
  'refuses the cursor %s, which Redis cannot read, before it is asked',
  async (next) => {
    for (const path of [`/v1/admin/accounts?next=${next}`, `/v1/admin/audit?next=1-${next}`]) {
      const answer = await app.request(path)
      expect([answer.status, await answer.json()], path).toMatchObject([
        400,
        { error: { code: 'invalid_request', param: 'next' } },
      ])
    }
  },
)

it('keeps any other text', () => {
  const text = 'Zoë \u{1f511}\n\t\u00a0"quoted"'
  expect(parseAs(z.object({ text: keptText(0, 1000) }), { text })).toEqual({ text })
})
