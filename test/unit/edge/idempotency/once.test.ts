import { Hono } from 'hono'
import { describe, expect, it, vi } from 'vitest'
import type { Answers } from '../../../../edge/idempotency/answers.ts'
import { createOnce } from '../../../../edge/idempotency/once.ts'
import type { IdempotencyRecords } from '../../../../edge/idempotency/records.ts'
import { createReadBody, type ReadBody } from '../../../../edge/parse/read-body.ts'
import { type ErrorCode, errorResponse, TwohopError } from '../../../../shared/errors.ts'
import { readLog, unreadLog } from '../../../fixtures/log.ts'

// Faults between claim and end, which no real store has on demand. What real ones do is in the contract tests.
const answers: Answers = {
  keep: async (_, { status, body, requestId }) => `${requestId} ${status} ${body}`,
  repeat: async (_, before) => new Response(`again: ${before.code}`),
}

/** One request to `act`, with what became of its claim. */
async function request(
  act: () => Promise<Response>,
  { key = 'k1', records = {} }: { key?: string | null; records?: Partial<IdempotencyRecords> } = {},
) {
  const store = {
    claim: vi.fn<IdempotencyRecords['claim']>(records.claim ?? (async () => ({ code: 'claimed' }))),
    end: vi.fn<IdempotencyRecords['end']>(records.end ?? (async () => {})),
  }
  const { log, lines } = readLog()
  const once = createOnce({ idempotencyRecords: store, answers, log })
  const app = new Hono<{ Variables: { requestId: string; readBody: ReadBody } }>()
  const spy = vi.fn(act)
  app.post('/act', (c) => {
    c.set('requestId', 'r1')
    c.set('readBody', createReadBody(c.req.raw, { most: 1000, timeoutMs: 1000 }))
    return once(c, { account: 'ada', key: undefined, payer: ADA }, spy)
  })
  app.onError((error) => errorResponse(error, 'r1'))
  const headers = key === null ? {} : { 'idempotency-key': key }
  const answer = await app.request('/act', { method: 'POST', headers, body: '{}' })
  return { answer, act: spy, ...store, lines, kept: store.end.mock.calls.map(([, id, text]) => [id, text]) }
}
const ADA = { account: 'ada', issuedAt: 1 }
const fail = (code: ErrorCode) => () => Promise.reject(new TwohopError(code, 'no'))

describe('an act', () => {
  it('without a key asks no store', async () => {
    const { answer, claim, end } = await request(async () => new Response('done'), { key: null })
    expect(await answer.text()).toBe('done')
    expect(claim).not.toHaveBeenCalled()
    expect(end).not.toHaveBeenCalled()
  })

  it('with a key is done once, and its answer kept', async () => {
    const { answer, act, kept } = await request(async () => new Response('done', { status: 201 }))
    expect(answer.status).toBe(201)
    expect(await answer.text()).toBe('done')
    expect(act).toHaveBeenCalledTimes(1)
    expect(kept).toEqual([['r1', 'r1 201 done']])
  })

  it('is not done where the key is taken', async () => {
    const { answer, act, end } = await request(async () => new Response('done'), {
      records: { claim: async () => ({ granted: false, code: 'answered', answer: 'x' }) },
    })
    expect(await answer.text()).toBe('again: answered')
    expect(act).not.toHaveBeenCalled()
    expect(end).not.toHaveBeenCalled()
  })

  it('is not done where the store cannot be asked', async () => {
    const { answer, act } = await request(async () => new Response('done'), {
      records: { claim: fail('store_unavailable') },
    })
    expect(answer.status).toBe(503)
    expect(act).not.toHaveBeenCalled()
  })

  it.each<ErrorCode>(['invalid_request', 'scope_missing', 'too_many_keys', 'not_found', 'rate_limited'])(
    'that is refused with %s frees the key',
    async (code) => {
      const { kept } = await request(fail(code))
      expect(kept).toEqual([['r1', '']])
    },
  )

  it.each<[string, () => Promise<Response>]>([
    ['store_unavailable', fail('store_unavailable')],
    ['an error that nobody foresaw', () => Promise.reject(new Error('secret'))],
  ])('that ends with %s may have been done, and is not done again', async (_, act) => {
    const { kept } = await request(act)
    expect(kept).toEqual([['r1', 'gone']])
  })

  it('is told to its caller where its answer cannot be kept', async () => {
    const { answer, lines } = await request(async () => new Response('done'), {
      records: { end: fail('store_unavailable') },
    })
    expect(await answer.text()).toBe('done')
    expect(lines).toMatchObject([{ event: 'claim_end_failed', request_id: 'r1', code: 'store_unavailable' }])
  })

  it('keeps its own refusal where the key cannot be freed', async () => {
    const { answer } = await request(fail('too_many_keys'), { records: { end: fail('store_unavailable') } })
    expect(await answer.json()).toMatchObject({ error: { code: 'too_many_keys' } })
  })
})

describe("an account's keys", () => {
  it("are not those of its API keys, which see no other's answers", async () => {
    const ids = new Set<string>()
    const once = createOnce({
      answers,
      log: unreadLog,
      idempotencyRecords: {
        claim: async ({ id }) => {
          ids.add(id)
          return { code: 'claimed' }
        },
        end: async () => {},
      },
    })
    const key = {
      id: 'k',
      secretHash: 'h',
      account: 'ada',
      name: 'n',
      scopes: [],
      createdAt: 0,
      expiresAt: 1,
    }
    const apiKey = { ...key, plan: undefined, madeBy: undefined, lastUsedAt: undefined, revoked: false }
    const owners = [
      { account: 'ada', key: undefined, payer: ADA },
      { account: 'ada', key: apiKey, payer: ADA },
      { account: 'ada', key: { ...apiKey, id: 'other' }, payer: ADA },
      { account: 'bob', key: undefined, payer: ADA },
    ]
    const app = new Hono<{ Variables: { requestId: string; readBody: ReadBody } }>()
    app.post('/:owner', (c) => {
      c.set('requestId', 'r1')
      c.set('readBody', createReadBody(c.req.raw, { most: 1000, timeoutMs: 1000 }))
      return once(
        c,
        owners[Number(c.req.param('owner'))] ?? expect.fail('nobody'),
        async () => new Response('done'),
      )
    })
    for (const [i] of owners.entries())
      await app.request(`/${i}`, { method: 'POST', headers: { 'idempotency-key': 'same' }, body: '{}' })
    expect(ids.size).toBe(owners.length)
  })
})
