import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import type { Idempotency, Payer } from '../../../../edge/budget/port.ts'
import { idempotencyOf } from '../../../../edge/idempotency/key.ts'
import { createReadBody } from '../../../../edge/parse/read-body.ts'
import { errorResponse } from '../../../../shared/errors.ts'

const ADA: Payer = { account: 'firebase:p:ada', issuedAt: 1 }
type Sent = { key?: string; body?: BodyInit; path?: string; whose?: Payer | string; version?: string }

/** What is made of a request, and of its body afterwards. */
async function of({ key, body = '{"a":1}', path = '/v1/chat', whose = ADA, version }: Sent) {
  let seen: Idempotency | undefined
  const app = new Hono()
  app.post('*', async (c) => {
    const readBody = createReadBody(c.req.raw, { most: 1000, timeoutMs: 1000 })
    seen = await idempotencyOf({ req: c.req, var: { readBody } }, whose)
    return c.json(JSON.parse(new TextDecoder().decode(await readBody())))
  })
  app.onError((error) => errorResponse(error, 'r1'))
  const headers = {
    ...(key !== undefined && { 'idempotency-key': key }),
    ...(version !== undefined && { 'x-model-version': version }),
  }
  const answer = await app.request(path, { method: 'POST', body, headers })
  return { seen, answer }
}
const seenOf = async (sent: Sent) => (await of({ key: 'k1', ...sent })).seen as Idempotency
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('the idempotency key of a request', () => {
  it('is none without the header', async () => {
    expect((await of({})).seen).toBeUndefined()
  })

  it('is named by its owner and itself, its request by method, path and bytes', async () => {
    expect(await seenOf({})).toEqual({
      id: sha256(JSON.stringify(['firebase:p:ada', 'k1'])),
      body: sha256('POST /v1/chat\n{"a":1}'),
    })
  })

  it('leaves the body to be read', async () => {
    const { answer } = await of({ key: 'k1', body: '{"ä":"😀"}' })
    expect(await answer.json()).toEqual({ ä: '😀' })
  })

  it.each<[string, Sent]>([
    ['another account', { whose: { account: 'firebase:p:bob', issuedAt: 1 } }],
    ["the account's API key", { whose: { key: 'id', secretHash: 'hash', scope: '' } }],
    ['everybody', { whose: '' }],
    ['another key', { key: 'k2' }],
  ])('has another record for %s', async (_, sent) => {
    const [own, other] = [await seenOf({}), await seenOf(sent)]
    expect(other.id).not.toBe(own.id)
    expect(other.body).toBe(own.body)
  })

  it('is the same with a fresh token, or whatever scope an API key is asked for', async () => {
    expect(await seenOf({ whose: { ...ADA, issuedAt: 2 } })).toEqual(await seenOf({}))
    const key = { key: 'id', secretHash: 'hash' }
    expect(await seenOf({ whose: { ...key, scope: 'chat' } })).toEqual(
      await seenOf({ whose: { ...key, scope: '' } }),
    )
  })

  it.each<[string, Sent]>([
    ['a space more', { body: '{"a": 1}' }],
    ['another path', { path: '/v1/embeddings' }],
    ['another version of the model', { version: 'trial' }],
  ])('is another request with %s', async (_, sent) => {
    const [own, other] = [await seenOf({}), await seenOf(sent)]
    expect(other.id).toBe(own.id)
    expect(other.body).not.toBe(own.body)
  })

  it.each(['!', '~'.repeat(255), '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])('may be %j', async (key) => {
    expect((await of({ key })).answer.status).toBe(200)
  })

  it.each([
    ['nothing', ''],
    ['256 characters', 'k'.repeat(256)],
    ['two words', 'a b'],
    ['two headers, as they are joined', 'a, b'],
    ['a tab', 'a\tb'],
    ['Latin-1', 'é'],
  ])('may not be %s', async (_, key) => {
    const { answer } = await of({ key })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      error: { code: 'invalid_request', param: 'Idempotency-Key' },
    })
  })
})
