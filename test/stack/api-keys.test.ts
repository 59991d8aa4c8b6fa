import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import {
  type Answer,
  ask,
  CHAT,
  CLASSIFY,
  call,
  EMBED,
  eventually,
  newUser,
  ownUsage,
  redis,
  refusedAs,
  usageEvents,
} from '../fixtures/stack/client.ts'

type Key = { id: string; key: string; prefix: string; scopes: string[]; last_used_at: number | null }

const developer = () => newUser('roomy', { role: 'developer' })
const make = (token: string, body: object) => call('/v1/keys', { token, body: { name: 'test', ...body } })
async function newKey(token: string, scopes: string[], more: object = {}): Promise<Key> {
  const answer = await make(token, { scopes, ...more })
  expect(answer.status).toBe(201)
  return (await answer.json()) as Key
}
const listed = async (token: string) =>
  ((await (await call('/v1/keys', { token })).json()) as { data: Key[] }).data
const embed = (token: string, edge?: string) =>
  call('/v1/embeddings', { token, body: { model: EMBED, input: 'hello' }, ...(edge ? { edge } : {}) })
const chat = (token: string) => call('/v1/chat/completions', { token, body: ask('hello', { max_tokens: 4 }) })

describe('an API key', () => {
  it('for embeddings embeds and cannot chat, complete, classify, make keys or administer', async () => {
    const { token, account } = await developer()
    const { key, id, prefix } = await newKey(token, ['embed'])
    const served = await embed(key)
    expect(served.status).toBe(200)
    expect(await refusedAs(await chat(key))).toBe('403 scope_missing')
    expect(
      await refusedAs(await call('/v1/completions', { token: key, body: { model: CHAT, prompt: 'hello' } })),
    ).toBe('403 scope_missing')
    expect(
      await refusedAs(
        await call('/v1/tasks/text-classification', { token: key, body: { model: CLASSIFY, inputs: 'x' } }),
      ),
    ).toBe('403 scope_missing')
    expect(await refusedAs(await make(key, { scopes: ['embed'] }))).toBe('403 scope_missing')
    expect(await refusedAs(await call('/v1/admin/accounts', { token: key }))).toBe('403 scope_missing')

    const [event] = await usageEvents(served.headers.get('x-request-id') ?? '')
    expect(event).toMatchObject({ account, key: id })
    const { used, held, limit } = (await ownUsage(token)).units.day
    expect(used).toBeGreaterThan(0)
    expect((await ownUsage(key)).units.day).toMatchObject({ used, held, limit })
    const [shown] = await listed(token)
    expect(shown).toMatchObject({ id, prefix, scopes: ['embed'] })
    expect(Math.abs((shown?.last_used_at ?? 0) - Date.now() / 1000)).toBeLessThan(60)
    expect(JSON.stringify(shown)).not.toContain(key.slice(-49))
  })

  it('for chat streams and answers as its user would, on the plan of its account', async () => {
    const { token } = await developer()
    const { key } = await newKey(token, ['chat'])
    const answer = await chat(key)
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as Answer).usage.completion_tokens).toBeGreaterThan(0)
    expect(await refusedAs(await embed(key))).toBe('403 scope_missing')
    expect((await call('/v1/models', { token: key })).status).toBe(200)
  })

  it('that is revoked is refused by every edge from the next request on', async () => {
    const { token } = await developer()
    const { key, id } = await newKey(token, ['embed'])
    const edges = [undefined, inject('secondEdge')]
    for (const edge of edges) expect((await embed(key, edge)).status).toBe(200)
    const gone = await call(`/v1/keys/${id}`, { token, method: 'DELETE' })
    expect(gone.status).toBe(200)
    expect(await gone.json()).toMatchObject({ id, deleted: true, also_revoked: [] })
    for (const edge of edges) expect(await refusedAs(await embed(key, edge))).toBe('401 key_revoked')
    expect(await refusedAs(await call('/v1/models', { token: key }))).toBe('401 key_revoked')
    expect(await refusedAs(await call('/v1/keys', { token: key }))).toBe('401 key_revoked')
    expect(await listed(token)).toEqual([])
  })

  it('is revoked by whoever presents it, and by nobody who only knows its id', async () => {
    const { token } = await developer()
    const { key, id } = await newKey(token, ['embed'])
    const other = await newKey(token, ['embed'])
    expect(await refusedAs(await call('/v1/keys/leaked', { body: { key: `${key.slice(0, -1)}_` } }))).toBe(
      '404 not_found',
    )
    expect(await refusedAs(await call('/v1/keys/leaked', { body: { key: id } }))).toBe('404 not_found')
    const report = await call('/v1/keys/leaked', { body: { key, source: 'https://example.com/paste' } })
    expect(report.status).toBe(200)
    expect(await report.json()).toMatchObject({ id, revoked: true })
    expect(await refusedAs(await embed(key))).toBe('401 key_revoked')
    expect((await embed(other.key)).status).toBe(200)
    expect((await call('/v1/keys/leaked', { body: { key } })).status).toBe(200)
  })

  it('of somebody else is not found, whoever asks', async () => {
    const [ada, eve] = [await developer(), await developer()]
    const { id, key } = await newKey(ada.token, ['embed'])
    expect(await refusedAs(await call(`/v1/keys/${id}`, { token: eve.token, method: 'DELETE' }))).toBe(
      '404 not_found',
    )
    expect(await listed(eve.token)).toEqual([])
    expect((await embed(key)).status).toBe(200)
  })

  it('made up, or with another secret, is refused', async () => {
    const { token } = await developer()
    const { key, id } = await newKey(token, ['embed'])
    expect(await refusedAs(await embed('twohop_sk_nonsense'))).toBe('401 key_invalid')
    await redis('HSET', `twohop:key:${id}`, 'secret_hash', 'f'.repeat(64))
    expect(await refusedAs(await embed(key))).toBe('401 key_invalid')
    expect(await refusedAs(await call('/v1/keys', { token: key }))).toBe('401 key_invalid')
  })

  it('ends when it says', async () => {
    const { token } = await developer()
    const { key, id } = await newKey(token, ['embed', 'keys'])
    await redis('HSET', `twohop:key:${id}`, 'expires_at', Date.now() - 1)
    expect(await refusedAs(await embed(key))).toBe('401 key_expired')
    expect(await refusedAs(await call('/v1/keys', { token: key }))).toBe('401 key_expired')
  })

  it('stops with its account', async () => {
    const { token, account } = await developer()
    const { key } = await newKey(token, ['embed', 'keys'])
    await redis('HSET', `twohop:account:${account}`, 'status', 'suspended')
    expect(await refusedAs(await embed(key))).toBe('403 account_suspended')
    expect(await refusedAs(await call('/v1/keys', { token: key }))).toBe('403 account_suspended')
    await redis('HSET', `twohop:account:${account}`, 'status', 'active')
    expect((await embed(key)).status).toBe(200)
  })

  it('is in nothing that any part prints or keeps', async () => {
    const { token } = await developer()
    const { key, id } = await newKey(token, ['embed'])
    await embed(key)
    await chat(key)
    const secret = key.slice('twohop_sk_'.length + id.length, -6)
    expect(await readFile(join(inject('stackDir'), 'stack.log'), 'utf8')).not.toContain(secret)
    const names = await redis<string[]>('KEYS', '*')
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => name.includes(secret))).toEqual([])
    expect(JSON.stringify(await redis('HGETALL', `twohop:key:${id}`))).not.toContain(secret)
  })
})

describe('making keys', () => {
  it('needs the role developer or admin, or a plan that includes it', async () => {
    const { token } = await newUser('roomy')
    expect(await refusedAs(await make(token, { scopes: ['embed'] }))).toBe('403 scope_missing')
    expect(await refusedAs(await call('/v1/keys', { token }))).toBe('403 scope_missing')
    const narrowed = await newUser('roomy', { role: 'developer', scopes: ['embed'] })
    expect(await refusedAs(await make(narrowed.token, { scopes: ['embed'] }))).toBe('403 scope_missing')
    expect(await refusedAs(await call('/v1/keys'))).toBe('401 token_missing')
  })

  it.each([
    ['a scope that only administrators have', { scopes: ['admin'] }, '403 scope_missing'],
    ['an unknown scope', { scopes: ['everything'] }, '400 invalid_request'],
    ['no scope', { scopes: [] }, '400 invalid_request'],
    ['no name', { scopes: ['embed'], name: ' ' }, '400 invalid_request'],
    ['more than a year', { scopes: ['embed'], expires_in_days: 366 }, '400 invalid_request'],
    ['less than a day', { scopes: ['embed'], expires_in_days: 0 }, '400 invalid_request'],
    ['an unknown field', { scopes: ['embed'], account: 'firebase:x:y' }, '400 invalid_request'],
  ])('refuses %s', async (_, body, expected) => {
    const { token } = await developer()
    expect(await refusedAs(await make(token, body))).toBe(expected)
    expect(await listed(token)).toEqual([])
  })

  it('refuses a scope that the plan lacks', async () => {
    const { token } = await newUser('no-jobs', { role: 'developer' })
    expect(await refusedAs(await make(token, { scopes: ['jobs'] }))).toBe('403 scope_missing')
    expect(await listed(token)).toEqual([])
  })

  it('by a key gives no scope and no day more than that key has, and all end together', async () => {
    const { token } = await developer()
    const parent = await newKey(token, ['embed', 'keys'], { expires_in_days: 10 })
    expect(await refusedAs(await make(parent.key, { scopes: ['chat'] }))).toBe('403 scope_missing')
    expect(await refusedAs(await make(parent.key, { scopes: ['embed'], expires_in_days: 11 }))).toBe(
      '400 invalid_request',
    )
    const child = await newKey(parent.key, ['embed'])
    const grandchild = await newKey((await newKey(parent.key, ['keys', 'embed'])).key, ['embed'])
    const ends = (await listed(token)).map((key) => (key as unknown as { expires_at: number }).expires_at)
    expect(new Set(ends).size).toBe(1)
    expect(Math.abs((ends[0] ?? 0) - (Date.now() / 1000 + 10 * 86_400))).toBeLessThan(60)
    await call(`/v1/keys/${parent.id}`, { token, method: 'DELETE' })
    for (const { key } of [parent, child, grandchild])
      expect(await refusedAs(await embed(key))).toBe('401 key_revoked')
  })

  it('is shown once and never cached, and is in the audit log', async () => {
    const { token, account } = await developer()
    const answer = await make(token, { scopes: ['embed'] })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { id } = (await answer.json()) as Key
    const entries = await eventually(async () =>
      redis<[string, string[]][]>('XREVRANGE', 'twohop:audit', '+', '-', 'COUNT', 50),
    )
    const row = entries.map(([, words]) => words).find((words) => words.includes(id))
    expect(row).toContain(account)
    expect(row).toContain('key.create')
  })

  it('fails closed without the store', async () => {
    const { token } = await developer()
    const edge = inject('storelessEdge')
    const answer = await call('/v1/keys', { token, edge, body: { name: 'x', scopes: ['embed'] } })
    expect(await refusedAs(answer)).toBe('503 store_unavailable')
  })
})
