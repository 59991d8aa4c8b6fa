import { gzipSync } from 'node:zlib'
import OpenAI from 'openai'
import { describe, expect, inject, it } from 'vitest'
import { slowly } from '../fixtures/pace.ts'
import {
  type Answer,
  ask,
  CHAT,
  CLASSIFY,
  call,
  EMBED,
  eventually,
  hostRuns,
  newUser,
  ownUsage,
  redis,
  refusal,
  refusedAs,
  settledUsage,
  stack,
  usageEvents,
} from '../fixtures/stack/client.ts'
import { standingStill } from '../fixtures/standing-still.ts'
import { WEB_ORIGIN } from './running-stack.ts'

const withKey = (key: string) => ({ headers: { 'idempotency-key': key } })
const chat = (token: string, key: string, content = 'What is Twohop?', edge = stack.edge.url) =>
  call('/v1/chat/completions', { token, edge, body: ask(content, { max_tokens: 12 }), ...withKey(key) })
const replayed = (answer: Response) => answer.headers.get('idempotency-replayed')
const requestId = (answer: Response) => answer.headers.get('x-request-id') ?? ''

/** Waits until a request is settled, which is when its answer can be given again. */
const settled = (answer: Response) => usageEvents(requestId(answer))

/** Everything that is kept of idempotency keys, as whoever can read Redis sees it. */
async function records(): Promise<string> {
  const keys = await redis<string[]>('KEYS', 'twohop:idempotency:*')
  return JSON.stringify([keys, await Promise.all(keys.map((key) => redis('HGETALL', key)))])
}

describe('a model call with an idempotency key', () => {
  it('of which fifty come at once is computed and charged once', async () => {
    const { token } = await newUser('roomy')
    const sent = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        chat(token, 'fifty', undefined, i % 2 ? inject('secondEdge') : undefined),
      ),
    )
    const answered = sent.filter(({ status }) => status === 200)
    const refused = sent.filter(({ status }) => status !== 200)
    expect(new Set(answered.map(requestId)).size).toBe(1)
    expect(new Set(await Promise.all(answered.map((answer) => answer.text()))).size).toBe(1)
    expect(answered.filter((answer) => !replayed(answer))).toHaveLength(1)
    for (const answer of refused) {
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(await refusedAs(answer)).toBe('409 idempotency_in_progress')
    }
    const [first] = answered
    if (!first) throw new Error('nobody was answered')
    const [event, ...more] = await settled(first)
    expect(more).toEqual([])
    expect((await settledUsage(token)).units.month.used).toBe(Number(event?.units))
    await eventually(async () => ((await hostRuns([requestId(first)])) === 1 ? true : undefined))
    expect(await hostRuns(refused.map(requestId))).toBe(0)
  })

  it.each([
    ['chat', '/v1/chat/completions', ask('What is Twohop?', { max_tokens: 12 })],
    ['a stream', '/v1/chat/completions', ask('What is Twohop?', { max_tokens: 12, stream: true })],
    [
      'a stream with usage',
      '/v1/completions',
      {
        model: CHAT,
        prompt: 'Twohop is',
        max_tokens: 9,
        stream: true,
        stream_options: { include_usage: true },
      },
    ],
    ['vectors', '/v1/embeddings', { model: EMBED, input: ['hello', 'world'] }],
    ['labels', '/v1/tasks/text-classification', { model: CLASSIFY, inputs: 'I like it' }],
  ])('is answered again byte for byte, by any edge: %s', async (_, path, body) => {
    const { token } = await newUser('pro')
    const first = await call(path, { token, body, ...withKey('again') })
    const bytes = Buffer.from(await first.arrayBuffer())
    expect(first.status).toBe(200)
    expect(replayed(first)).toBeNull()
    await settled(first)
    const { used, held } = (await ownUsage(token)).units.month
    for (const edge of [stack.edge.url, inject('secondEdge')]) {
      const again = await call(path, { token, body, edge, ...withKey('again') })
      expect(again.status).toBe(200)
      expect(replayed(again)).toBe('true')
      expect(requestId(again)).toBe(requestId(first))
      expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'))
      expect(Buffer.from(await again.arrayBuffer()).equals(bytes)).toBe(true)
    }
    expect((await ownUsage(token)).units.month).toMatchObject({ used, held })
  })

  it('is refused where the key came with another body or to another path', async () => {
    const { token } = await newUser('pro')
    const first = await chat(token, 'reused')
    await settled(first)
    expect(await refusedAs(await chat(token, 'reused', 'Something else'))).toBe('409 idempotency_key_reused')
    const elsewhere = await call('/v1/embeddings', {
      token,
      body: { model: EMBED, input: 'hello' },
      ...withKey('reused'),
    })
    expect(await refusedAs(elsewhere)).toBe('409 idempotency_key_reused')
  })

  it("is nobody else's", async () => {
    const [ada, bob] = [await newUser('pro'), await newUser('pro')]
    const first = await chat(ada.token, 'same')
    await settled(first)
    const other = await chat(bob.token, 'same', 'Something else')
    expect(other.status).toBe(200)
    expect(requestId(other)).not.toBe(requestId(first))
  })

  it('is not answered again for a suspended account', async () => {
    const { token, account } = await newUser('pro')
    await settled(await chat(token, 'suspended'))
    await redis('HSET', `twohop:account:${account}`, 'status', 'suspended')
    expect(await refusedAs(await chat(token, 'suspended'))).toBe('403 account_suspended')
  })

  it('that failed is another attempt', async () => {
    const { token } = await newUser('pro')
    expect(await refusedAs(await chat(token, 'failed', undefined, inject('hostlessEdge')))).toBe(
      '503 host_unavailable',
    )
    await settledUsage(token)
    const again = await chat(token, 'failed')
    expect(again.status).toBe(200)
    expect(replayed(again)).toBeNull()
  })

  it('that was cancelled is another attempt, and what it had computed is charged', async () => {
    const { token } = await newUser('pro')
    const client = new AbortController()
    const body = ask('Tell me a story', {
      max_tokens: 400,
      logit_bias: { 0: -100, 2: -100 },
      stream: true,
    })
    const [event] = await slowly(inject('pace'), async () => {
      const broken = await call('/v1/chat/completions', {
        token,
        body,
        signal: client.signal,
        ...withKey('cancelled'),
      })
      await broken.body?.getReader().read()
      client.abort()
      return settled(broken)
    })
    expect(event?.outcome).toBe('cancelled')
    const again = await call('/v1/chat/completions', { token, body, ...withKey('cancelled') })
    expect(replayed(again)).toBeNull()
    expect(await again.text()).toContain('[DONE]')
    const [second] = await settled(again)
    expect((await settledUsage(token)).units.month.used).toBe(Number(event?.units) + Number(second?.units))
  })

  it('under way is waited for by the openai package, which gets the first answer', async () => {
    const { token } = await newUser('pro')
    const client = new OpenAI({ baseURL: `${stack.edge.url}/v1`, apiKey: token, maxRetries: 5 })
    const create = () =>
      client.chat.completions
        .create(
          { model: CHAT, messages: [{ role: 'user', content: 'What is Twohop?' }], max_completion_tokens: 9 },
          { headers: { 'Idempotency-Key': 'openai' } },
        )
        .withResponse()
    const asked = await standingStill(stack.host.pid, async () => {
      const both = [create(), create()]
      await eventually(async () => ((await ownUsage(token)).concurrent.running === 1 ? true : undefined))
      expect(await refusedAs(await chat(token, 'openai'))).toBe('409 idempotency_key_reused')
      return { both }
    })
    const answers = await Promise.all(asked.both)
    expect(answers.map(({ response }) => replayed(response)).toSorted()).toEqual([null, 'true'].toSorted())
    expect(answers[0]?.data).toEqual(answers[1]?.data)
    expect((await usageEvents(answers[0]?.response.headers.get('x-request-id') ?? '')).length).toBe(1)
  })

  it('is computed once also where its answer is too large to be kept', async () => {
    const { token } = await newUser('pro')
    const input = Array.from({ length: 256 }, (_, i) => `sentence number ${i}`)
    const embed = () => call('/v1/embeddings', { token, body: { model: EMBED, input }, ...withKey('large') })
    const first = await embed()
    expect(first.status).toBe(200)
    const bytes = Buffer.from(await first.arrayBuffer())
    expect(gzipSync(bytes).length).toBeGreaterThan(192 * 1024)
    await settled(first)
    const { used } = (await ownUsage(token)).units.month
    expect(await refusedAs(await embed())).toBe('409 idempotency_answer_gone')
    expect((await ownUsage(token)).units.month.used).toBe(used)
  })

  it('stays at two requests to Redis, and is answered again by one', async () => {
    const { token } = await newUser('pro')
    await settled(await chat(token, 'warm'))
    const stats = async () => {
      const answer = await fetch(`${stack.redis.url}/twohop/stats`, {
        headers: { authorization: `Bearer ${stack.redis.token}` },
      })
      return ((await answer.json()) as { requests: number }).requests
    }
    const rise = async (expected: number) => {
      const before = await stats()
      await (await chat(token, 'counted')).text()
      await eventually(async () => ((await stats()) - before >= expected ? true : undefined))
      return (await stats()) - before
    }
    expect(await rise(2)).toBe(2)
    expect(await rise(1)).toBe(1)
  })

  it('is in Redis in no form that Redis could read', async () => {
    const { token, account } = await newUser('pro')
    const prompt = 'Tell me of the purple platypus'
    const first = await chat(token, 'my-idempotency-key', prompt)
    const { choices } = (await first.json()) as Answer
    const text = choices[0]?.message.content ?? ''
    expect(text.length).toBeGreaterThan(10)
    await settled(first)
    const seen = await records()
    const id = requestId(first)
    expect(seen).toContain(id)
    for (const secret of [text, text.slice(0, 10), prompt, account, 'my-idempotency-key', 'choices'])
      expect(seen.includes(secret), secret).toBe(false)
  })

  it.each(['', 'a b', 'k'.repeat(256)])('is refused with the key %j', async (key) => {
    const { token } = await newUser('pro')
    const refused = await refusal(await chat(token, key))
    expect([refused.status, refused.code, refused.param]).toEqual([400, 'invalid_request', 'Idempotency-Key'])
  })

  it('may be sent by a page of an allowed origin, which can read whether it was answered before', async () => {
    const preflight = await call('/v1/chat/completions', {
      method: 'OPTIONS',
      headers: {
        origin: WEB_ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    })
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key')
    const { token } = await newUser('pro')
    const answer = await call('/v1/usage', { token, headers: { origin: WEB_ORIGIN } })
    expect(answer.headers.get('access-control-expose-headers')).toContain('idempotency-replayed')
  })
})

describe('an act with an idempotency key', () => {
  const newKey = (token: string, key: string, scopes = ['embed']) =>
    call('/v1/keys', { token, body: { name: 'test', scopes }, ...withKey(key) })

  it('makes one API key, and shows it again', async () => {
    const { token } = await newUser('roomy', { role: 'developer' })
    const all = await Promise.all(Array.from({ length: 10 }, () => newKey(token, 'make')))
    const made = all.filter(({ status }) => status === 201)
    const first = await made[0]?.text()
    for (const answer of all.filter(({ status }) => status !== 201))
      expect(await refusedAs(answer)).toBe('409 idempotency_in_progress')
    const again = await newKey(token, 'make')
    expect(again.status).toBe(201)
    expect(replayed(again)).toBe('true')
    expect(again.headers.get('cache-control')).toBe('no-store')
    expect(await again.text()).toBe(first)
    const { data } = (await (await call('/v1/keys', { token })).json()) as { data: unknown[] }
    expect(data).toHaveLength(1)
    const { key } = JSON.parse(first ?? '') as { key: string }
    const secret = key.slice('twohop_sk_'.length + 16, -6)
    expect(await records()).not.toContain(secret)
  })

  it("does not show an API key what its account's user was shown", async () => {
    const { token } = await newUser('roomy', { role: 'developer' })
    const { key } = (await (await newKey(token, 'first', ['keys', 'embed'])).json()) as { key: string }
    const shown = await (await newKey(token, 'second')).text()
    const other = await newKey(key, 'second')
    expect(replayed(other)).toBeNull()
    expect(await other.text()).not.toBe(shown)
  })

  it('grants once', async () => {
    const admin = await newUser('roomy', { role: 'admin' })
    const { account } = await newUser('roomy')
    const path = `/v1/admin/accounts/${encodeURIComponent(account)}/grant`
    const grant = (units: number) =>
      call(path, { token: admin.token, body: { units, reason: 'test' }, ...withKey('grant') })
    const all = await Promise.all(Array.from({ length: 10 }, () => grant(1000)))
    expect(all.some(({ status }) => status === 200)).toBe(true)
    const again = await grant(1000)
    expect([again.status, replayed(again)]).toEqual([200, 'true'])
    expect(await again.json()).toMatchObject({ extra: { units: 1000 } })
    expect(await redis('HGET', `twohop:account:${account}`, 'extra_units')).toBe('1000')
    expect(await refusedAs(await grant(1001))).toBe('409 idempotency_key_reused')
  })

  it('that was refused may be tried again', async () => {
    const { token } = await newUser('roomy', { role: 'developer' })
    const full = Array.from({ length: 50 }, (_, i) => newKey(token, `one of ${i}`.replaceAll(' ', '-')))
    const made = (await Promise.all((await Promise.all(full)).map((answer) => answer.json()))) as {
      id: string
    }[]
    expect(await refusedAs(await newKey(token, 'refused'))).toBe('403 too_many_keys')
    await call(`/v1/keys/${made[0]?.id}`, { token, method: 'DELETE' })
    expect((await newKey(token, 'refused')).status).toBe(201)
  })

  it('reports a leaked key once, without a credential', async () => {
    const { token } = await newUser('roomy', { role: 'developer' })
    const { key } = (await (await newKey(token, 'leaks')).json()) as { key: string }
    const before = (await redis<string[]>('KEYS', 'twohop:idempotency:*')).length
    const report = () =>
      call('/v1/keys/leaked', { body: { key }, ...withKey(`report-of-${key.slice(10, 26)}`) })
    const first = await report()
    expect(first.status).toBe(200)
    const again = await report()
    expect([again.status, replayed(again)]).toEqual([200, null])
    expect(await again.json()).toEqual(await first.json())
    expect(await redis<string[]>('KEYS', 'twohop:idempotency:*')).toHaveLength(before)
  })
})
