import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import Anthropic from '@anthropic-ai/sdk'
import { generateText } from 'ai'
import OpenAI from 'openai'
import { describe, expect, inject, it } from 'vitest'
import { type Budget, readError, twohopFetch } from '../../client/index.ts'
import { createMint } from '../../local/issuer/mint.ts'
import { CHAT, keys, mint, newUser, stack } from '../fixtures/stack/client.ts'
import { QUESTION } from './asked.ts'

/** Signs tokens that ended an hour ago. */
const past = createMint({
  keys,
  projectId: stack.issuers.firebase.projectId,
  supabaseUrl: stack.issuers.supabase.url,
  ttlSeconds: 60,
  now: () => Date.now() - 3_600_000,
})
const messages = [{ role: 'user' as const, content: QUESTION }]

/** A sign-in of somebody new whose cached token has expired, and how it was asked. */
function signIn() {
  const user = { uid: `test-${crypto.randomUUID()}`, email: 'someone@example.com' }
  const asked: boolean[] = []
  const getToken = ({ forceRefresh }: { forceRefresh: boolean }) => {
    asked.push(forceRefresh)
    return (forceRefresh ? mint : past).mintFirebase(user)
  }
  return { asked, getToken }
}

describe('twohopFetch', () => {
  it('under openai: an expired token, and what is left', async () => {
    const { asked, getToken } = signIn()
    const told: Budget[] = []
    const client = new OpenAI({
      baseURL: `${stack.edge.url}/v1`,
      apiKey: 'unused',
      maxRetries: 0,
      fetch: twohopFetch(getToken, { edge: stack.edge.url, onBudget: (budget) => told.push(budget) }),
    })
    const answer = await client.chat.completions.create({ model: CHAT, messages, max_tokens: 4 })
    expect(answer.usage?.completion_tokens).toBe(4)
    expect(asked).toEqual([false, true])
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ requests: { limit: 30, remaining: 29 }, day: { limit: 200_000 } })
    const refused = await client.embeddings
      .create({ model: 'none', input: 'x' })
      .catch((error: unknown) => error)
    expect(await readError(refused)).toMatchObject({ code: 'model_not_found', status: 404, param: 'model' })
  })

  it('under ai: an expired token, streams and all', async () => {
    const { asked, getToken } = signIn()
    const provider = createOpenAICompatible({
      name: 'twohop',
      baseURL: `${stack.edge.url}/v1`,
      fetch: twohopFetch(getToken, { edge: stack.edge.url }),
    })
    const { text } = await generateText({ model: provider(CHAT), prompt: QUESTION, maxRetries: 0 })
    expect(text).toMatch(/\w{3}/)
    expect(asked).toEqual([false, true])
  })

  it('under @anthropic-ai/sdk: an expired token, and a host that is busy', async () => {
    const { asked, getToken } = signIn()
    const baseURL = inject('busyEdge')
    const statuses: number[] = []
    const client = new Anthropic({
      baseURL,
      apiKey: 'unused',
      maxRetries: 0,
      fetch: twohopFetch(getToken, {
        edge: baseURL,
        fetch: async (input, init) => {
          const answer = await fetch(input, init)
          statuses.push(answer.status)
          return answer
        },
      }),
    })
    const { usage } = await client.messages.create({ model: CHAT, messages, max_tokens: 4 })
    expect(usage.output_tokens).toBe(4)
    expect(statuses).toEqual([401, 529, 200])
    expect(asked).toEqual([false, true])
  })

  it('waits for a host that is busy', async () => {
    const { token } = await newUser('pro')
    const edge = inject('busyEdge')
    const call = twohopFetch(() => token, { edge })
    const answer = await call(`${edge}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: CHAT, messages, max_tokens: 4 }),
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ usage: { completion_tokens: 4 } })
  })
})
