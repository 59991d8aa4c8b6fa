import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { createMint } from '../../local/issuer/mint.ts'
import { CHAT, EMBED, keys, newUser, stack } from '../fixtures/stack/client.ts'

// What the openai package does by itself, unmodified, after an answer of ours.

const HOUR_MS = 3_600_000

/** A token that was good an hour ago. */
const expired = () =>
  createMint({
    keys,
    projectId: stack.issuers.firebase.projectId,
    supabaseUrl: stack.issuers.supabase.url,
    ttlSeconds: 3600,
    now: () => Date.now() - 2 * HOUR_MS,
  }).mintFirebase({ uid: 'late', email: 'late@example.com' })

/** The package's client, and the statuses of all answers that it has got. */
function clientWith(apiKey: string | (() => Promise<string>)) {
  const statuses: number[] = []
  async function seen(...request: Parameters<typeof fetch>) {
    const answer = await fetch(...request)
    statuses.push(answer.status)
    return answer
  }
  return { client: new OpenAI({ baseURL: `${stack.edge.url}/v1`, apiKey, fetch: seen }), statuses }
}

it('a client whose apiKey is a function comes again with a fresh token after one that had expired', async () => {
  const { token } = await newUser('pro')
  const tokens = [await expired(), token]
  const { client, statuses } = clientWith(async () => tokens.shift() ?? '')
  const { choices } = await client.chat.completions.create({
    model: CHAT,
    messages: [{ role: 'user', content: 'Hi' }],
    max_tokens: 2,
  })
  expect([choices.length, statuses, tokens]).toEqual([1, [401, 200], []])
})

it('the same with a stream', async () => {
  const { token } = await newUser('pro')
  const tokens = [await expired(), token]
  const { client, statuses } = clientWith(async () => tokens.shift() ?? '')
  let text = ''
  for await (const chunk of await client.chat.completions.create({
    model: CHAT,
    messages: [{ role: 'user', content: 'What is Twohop?' }],
    max_tokens: 4,
    stream: true,
  }))
    text += chunk.choices[0]?.delta.content ?? ''
  expect([text.length > 0, statuses]).toEqual([true, [401, 200]])
})

it('no other 401 and no conflict is asked again', async () => {
  const stranger = clientWith('nonsense')
  await expect(stranger.client.models.list()).rejects.toMatchObject({ code: 'token_malformed' })
  expect(stranger.statuses).toEqual([401])

  const pro = clientWith((await newUser('pro')).token)
  const under = { headers: { 'idempotency-key': 'once' } }
  await pro.client.embeddings.create({ model: EMBED, input: 'one' }, under)
  await expect(pro.client.embeddings.create({ model: EMBED, input: 'two' }, under)).rejects.toMatchObject({
    code: 'idempotency_key_reused',
  })
  expect(pro.statuses).toEqual([200, 409])
})

it('a page may read what says when to come again', async () => {
  const answer = await fetch(`${stack.edge.url}/v1/models`, { headers: { origin: 'https://app.example' } })
  expect(answer.headers.get('access-control-expose-headers')?.split(',')).toEqual(
    expect.arrayContaining(['retry-after', 'x-should-retry']),
  )
  expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([401, 'false'])
})
