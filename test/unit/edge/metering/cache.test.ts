import { expect, it } from 'vitest'
import { createSeal } from '../../../../edge/idempotency/seal.ts'
import { createAnswerCache } from '../../../../edge/metering/cache.ts'
import { createHold } from '../../../../edge/metering/hold.ts'
import type { Model } from '../../../../shared/catalog.ts'
import { entitledTo } from '../../../fixtures/entitled.ts'
import { handBudget } from '../../../fixtures/hand-budget.ts'
import { readLog } from '../../../fixtures/log.ts'
import { chat, work } from '../../../fixtures/metered.ts'
import { unasked } from '../../../fixtures/unasked.ts'

const cache = createAnswerCache(
  createSeal({ privateKey: { d: 'c2VjcmV0' }, random: (bytes) => crypto.getRandomValues(bytes) }),
)
const CACHE = { share: 10, seconds: 60, public: false }
const upstreams = [{ id: 'openai', model: 'gpt-4.1', weight: 1 }]

/** The name of an answer to the same request of a model that the catalog has so. */
async function nameOf(changes: Partial<Model>, version?: string, fields: object = {}) {
  const request = { model: chat.id, messages: [], temperature: 0, ...fields }
  const model = { ...chat, cache: CACHE, ...changes }
  return (await cache.request(work({ stream: false, request, model }), {}, version))?.name
}

it('an answer has another name once the catalog has its model computed elsewhere', async () => {
  const names = [
    await nameOf({}),
    await nameOf({ upstreams }),
    await nameOf({ upstreams: [{ id: 'openai', model: 'gpt-5', weight: 1 }] }),
    await nameOf({ versions: [{ id: 'a', weight: 1 }] }, 'a'),
    await nameOf({ versions: [{ id: 'a', weight: 1, model: 'chat-next' }] }, 'a'),
    await nameOf({ versions: [{ id: 'a', weight: 1, upstreams }] }, 'a'),
  ]
  expect(names).not.toContain(undefined)
  expect(new Set(names).size).toBe(names.length)
})

it('and the same one where only weights or prices change', async () => {
  expect(await nameOf({ upstreams: [{ id: 'openai', model: 'gpt-4.1', weight: 2 }] })).toBe(
    await nameOf({ upstreams }),
  )
  const prices = { ...chat.prices, output: 7 }
  expect(await nameOf({ prices, versions: [{ id: 'a', weight: 1 }] }, 'a')).toBe(
    await nameOf({ versions: [{ id: 'a', weight: 9 }] }, 'a'),
  )
})

it('an answer has the order of its schema, so one of another order is another', async () => {
  const [a, b] = [{ type: 'string' }, { type: 'number' }]
  const shaped = (properties: object) => {
    const schema = { type: 'object', properties }
    return [
      { tools: [{ type: 'function', function: { name: 'f', parameters: schema } }] },
      { response_format: { type: 'json_schema', json_schema: { name: 'f', schema } } },
      { structured_outputs: { json: schema } },
    ]
  }
  const named = (all: object[]) => Promise.all(all.map((fields) => nameOf({}, undefined, fields)))
  const names = [...(await named(shaped({ a, b }))), ...(await named(shaped({ b, a })))]
  expect(new Set(names).size).toBe(6)
  expect(await named(shaped({ a, b }))).toEqual(names.slice(0, 3))
  const of = (fields: object) => nameOf({}, undefined, fields)
  const call = { function: { parameters: { a, b }, name: 'f' }, type: 'function' }
  expect(await of({ tools: [call], stop: [] })).toBe(
    await of({ stop: [], tools: [{ type: 'function', function: { name: 'f', parameters: { a, b } } }] }),
  )
})

it('what is no JSON is not kept, and not given again in any form', async () => {
  const asked = await cache.request(
    work({
      stream: false,
      request: { model: chat.id, messages: [], temperature: 0 },
      model: { ...chat, cache: CACHE },
    }),
    {},
    undefined,
  )
  if (!asked) throw new Error('it may be given again')
  const page = { status: 200, contentType: 'application/json', body: '<html>Back soon</html>' }
  expect(await cache.keep(asked, 'ada', 'r1', page)).toBe(undefined)
  expect(await cache.keep(asked, 'ada', 'r1', { ...page, body: '{}' })).toEqual(expect.any(String))
})

it('an answer that cannot be kept is charged by what it used', async () => {
  const { budget, settled } = handBudget()
  const { log, lines } = readLog()
  const hold = createHold({
    budget,
    answers: unasked,
    cache: { ...cache, keep: () => Promise.reject(new RangeError('no memory')) },
    requestTimeoutMs: 1000,
    leaseSlackMs: 1000,
    now: () => 0,
    notify: async () => {},
    tell: async () => {},
    suspended: async () => {},
    log,
  })
  const entitlement = { ...entitledTo('free'), spender: { account: 'ada', issuedAt: 0, plan: 'free' } }
  const request = { model: chat.id, messages: [], temperature: 0 }
  const asked = work({ stream: false, request, model: { ...chat, cache: CACHE } })
  const held = await hold('r1', entitlement, asked, () => {})
  if (held instanceof Response || 'answer' in held) throw new Error('nothing was asked before')
  const answer = { status: 200, contentType: 'application/json', body: '{}' }
  held.settle('ok', { promptTokens: 3, outputTokens: 2, computeMs: 0 }, answer)
  await held.settled
  expect(settled).toMatchObject([{ promptTokens: 3, outputTokens: 2, outcome: 'ok', cache: undefined }])
  expect(lines.map(({ event }) => event)).toEqual(['answer_not_kept'])
})
