import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startUpstreamEdge, upstreamModel } from '../../fixtures/upstream-edge.ts'
import { OPENAI_ANSWERS } from '../../fixtures/vendors/openai.ts'
import { type Script, startScripted } from '../../fixtures/vendors/scripted.ts'

// Answers that are given again, on the edge as it is built and a real Redis, before a vendor that is a fake.

type Fake = Awaited<ReturnType<typeof startScripted>>
type Edge = Awaited<ReturnType<typeof startUpstreamEdge>>

let fake: Fake
let edge: Edge
let answer: Script = OPENAI_ANSWERS.text?.whole ?? {}

beforeAll(async () => {
  fake = await startScripted(() => answer)
  const upstreams = [{ id: 'openai' }]
  edge = await startUpstreamEdge({
    upstreams: [{ id: 'openai', kind: 'openai', url: `${fake.url}/v1` }],
    models: [
      upstreamModel('own', { tasks: ['chat'], upstreams, cache: { share: 25, seconds: 3600 } }),
      upstreamModel('shared', {
        tasks: ['chat'],
        upstreams,
        cache: { share: 0, seconds: 3600, public: true },
      }),
      upstreamModel('none', { tasks: ['chat'], upstreams }),
    ],
  })
})
// Nothing is kept of what came before, a test's own first try among it.
beforeEach(async () => {
  await edge.stored('FLUSHALL')
  answer = OPENAI_ANSWERS.text?.whole ?? {}
})
afterAll(async () => {
  await fake.stop()
  await edge.stop()
})

/** The same chat, as each API asks for it. */
const ASKED = {
  '/v1/chat/completions': { max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] },
  '/v1/messages': { max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] },
  '/v1/responses': { max_output_tokens: 16, input: 'Hello' },
}
type Path = keyof typeof ASKED

async function ask(
  changes: object = {},
  { token = edge.token, headers = {}, path = '/v1/chat/completions' as Path } = {},
) {
  const answered = await edge.fetch(`http://edge.example${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'own', temperature: 0, ...ASKED[path], ...changes }),
  })
  const text = await answered.text()
  await edge.charged()
  const names = [...answered.headers.keys()].filter((name) => name !== 'x-budget-threshold').toSorted()
  return {
    status: answered.status,
    cache: answered.headers.get('x-cache'),
    id: answered.headers.get('x-request-id') ?? '',
    headers: answered.headers,
    names,
    text,
  }
}
const computed = () => fake.asked.filter(({ path }) => !path.includes('models')).length
const last = async () => (await edge.charged()).at(-1)

describe('an answer that is given again', () => {
  it('is the same under an id of its own, computes nothing, and costs its share', async () => {
    const first = await ask()
    const cost = (await last())?.units ?? 0
    const before = computed()
    const again = await ask()
    expect([first.cache, again.cache, again.status]).toEqual(['miss', 'hit', 200])
    expect(again.text).toBe(first.text.replaceAll(first.id, again.id))
    expect(again.text).not.toContain(first.id)
    expect(computed()).toBe(before)
    expect(await last()).toEqual({
      outcome: 'ok',
      prompt: 0,
      output: 0,
      units: Math.ceil(cost / 4),
      reserved: Math.ceil(cost / 4),
    })
    expect(again.headers.get('cache-control')).toBe('no-store')
    expect(again.headers.get('access-control-expose-headers')).toContain('x-cache')
    expect(again.names).toEqual(first.names)
    // Nothing that was said can be read in Redis, and nothing stays held.
    const keys = (await edge.stored('KEYS', 'twohop:cache:*')) as string[]
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatch(/^twohop:cache:.*ada:[0-9a-f]{64}$/)
    expect(await edge.stored('GET', keys[0] ?? '')).not.toContain('Hello')
    expect(await edge.stored('ZCARD', 'twohop:open')).toBe(0)
  })

  it('whatever the order of its fields is; anything else is another request', async () => {
    await ask()
    expect((await ask({ messages: [{ content: 'Hello', role: 'user' }] })).cache).toBe('hit')
    for (const other of [
      { max_tokens: 15 },
      { messages: [{ role: 'user', content: 'hello' }] },
      { stop: ['x'] },
    ])
      expect((await ask(other)).cache).toBe('miss')
  })

  it.each<Path>(['/v1/responses', '/v1/messages'])(
    'is one of %s too, written as that API does',
    async (path) => {
      const token = await edge.tokenOf(`of ${path}`)
      const first = await ask({}, { token, path })
      const before = computed()
      const again = await ask({}, { token, path })
      expect([first.cache, again.cache, again.status]).toEqual(['miss', 'hit', 200])
      expect(again.text.replaceAll(again.id, 'id')).toBe(first.text.replaceAll(first.id, 'id'))
      expect(again.text).not.toContain(first.id)
      expect(again.names).toEqual(first.names)
      // What only this API's answers echo is the second request's own.
      if (path === '/v1/responses') {
        const other = await ask({ metadata: { of: 'another' } }, { token, path })
        expect([other.cache, JSON.parse(other.text).metadata]).toEqual(['hit', { of: 'another' }])
      }
      expect(computed()).toBe(before)
      // The ledger has one row that was computed; the others cost a quarter of it.
      const rows = (await edge.charged()).slice(path === '/v1/responses' ? -3 : -2)
      const [cost = 0, ...shares] = rows.map(({ units }) => units)
      expect(new Set(shares)).toEqual(new Set([Math.ceil(cost / 4)]))
    },
  )

  it('is one answer for all APIs that ask the same', async () => {
    const token = await edge.tokenOf('polyglot')
    const paths = Object.keys(ASKED) as Path[]
    const said: (string | null)[] = []
    for (const path of paths) said.push((await ask({}, { token, path })).cache)
    expect(said).toEqual(['miss', 'hit', 'hit'])
    const texts = await Promise.all(paths.map(async (path) => (await ask({}, { token, path })).text))
    for (const text of texts) expect(JSON.stringify(JSON.parse(text))).toContain('Hello “there”')
    expect(texts.map((text) => JSON.parse(text)).map(({ object, type }) => object ?? type)).toEqual([
      'chat.completion',
      'message',
      'response',
    ])
  })

  it.each([
    ['that is drawn by chance', { temperature: 0.1 }],
    ['of a model that does not say so', { model: 'none' }],
    ['of a stream', { stream: true }],
  ])('is none %s', async (_, changes) => {
    if ('stream' in changes) answer = OPENAI_ANSWERS.text?.stream ?? {}
    await ask(changes)
    const { status, cache } = await ask(changes)
    expect([status, cache]).toEqual([200, null])
  })

  it.each<[Path, object]>([
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'a secret' }] }],
    ['/v1/messages', { messages: [{ role: 'user', content: 'their secret' }] }],
    ['/v1/responses', { input: 'our secret' }],
  ])(
    'is no other account’s: status, headers, computing and price are those of a first request: %s',
    async (path, secret) => {
      const own = await ask(secret, { path })
      const cost = await last()
      const before = computed()
      const other = await ask(secret, { path, token: await edge.tokenOf('bob') })
      expect([other.status, other.cache, other.names]).toEqual([own.status, 'miss', own.names])
      // It took what a first one takes: the same calls, one of them to the vendor.
      expect(computed()).toBe(before + 1)
      expect(await last()).toEqual(cost)
    },
  )

  it('is another account’s where its model says so, without the id of whoever asked first', async () => {
    const first = await ask({ model: 'shared' })
    const other = await ask({ model: 'shared' }, { token: await edge.tokenOf('bob') })
    expect([first.cache, other.cache]).toEqual(['miss', 'hit'])
    expect(other.text).not.toContain(first.id)
    expect((await last())?.units).toBe(0)
  })

  it('is never a way around a suspension', async () => {
    const token = await edge.tokenOf('eve')
    expect((await ask({}, { token })).cache).toBe('miss')
    const [account = ''] = ((await edge.stored('KEYS', 'twohop:month:*')) as string[]).filter((key) =>
      key.endsWith(':eve'),
    )
    const record = account.replace('month', 'account')
    await edge.stored('HSET', record, 'status', 'suspended')
    const { status, cache, text } = await ask({}, { token })
    expect([status, JSON.parse(text).error.code, cache]).toEqual([403, 'account_suspended', null])
  })

  it('is none of what failed', async () => {
    const content = { messages: [{ role: 'user', content: 'fails' }] }
    answer = { status: 500, json: {} }
    expect((await ask(content)).status).toBeGreaterThanOrEqual(500)
    answer = OPENAI_ANSWERS.text?.whole ?? {}
    expect((await ask(content)).cache).toBe('miss')
  })

  it('is not kept where the day of its account has no more room', async () => {
    const day = Math.floor(Date.now() / 86_400_000)
    const token = await edge.tokenOf('carl')
    await ask({ messages: [{ role: 'user', content: 'first' }] }, { token })
    const [sum = ''] = ((await edge.stored('KEYS', `twohop:cache-bytes:*:carl:${day}`)) as string[]) ?? []
    expect(Number(await edge.stored('GET', sum))).toBeGreaterThan(300)
    await edge.stored('SET', sum, 4 * 1024 * 1024)
    await ask({ messages: [{ role: 'user', content: 'second' }] }, { token })
    expect((await ask({ messages: [{ role: 'user', content: 'second' }] }, { token })).cache).toBe('miss')
    expect((await ask({ messages: [{ role: 'user', content: 'first' }] }, { token })).cache).toBe('hit')
  })
})
