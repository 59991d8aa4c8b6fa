import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { CHAT, EMBED, newUser, stack } from '../fixtures/stack/client.ts'

const python = inject('python')
const none = 'missing' in python
const why = none ? ` not run: ${python.missing}` : ''
const { token } = await newUser('pro')

/** Milliseconds for all features of a script: on a busy machine it takes half a minute to import litellm. */
const SCRIPT_MS = 180_000

type Seen = Record<string, Record<string, unknown>>

/** What a script saw, feature by feature. It is run once, since Python takes longer to import the packages than to use them. */
function seenBy(script: string): (feature: string) => Promise<Record<string, unknown>> {
  let running: Promise<Seen> | undefined
  return async (feature) => {
    // What failed is run anew by who tries again.
    running ??= run(script).catch((error) => {
      running = undefined
      throw error
    })
    return (await running)[feature] ?? {}
  }
}

async function run(script: string): Promise<Seen> {
  if (none) throw new Error(why)
  const env = {
    ...process.env,
    EDGE: stack.edge.url,
    BUSY_EDGE: inject('busyEdge'),
    TOKEN: token,
    CHAT,
    EMBED,
    // It would fetch a list of prices, and tell its maker.
    LITELLM_LOCAL_MODEL_COST_MAP: 'True',
    LITELLM_TELEMETRY: 'False',
  }
  const file = join(import.meta.dirname, script)
  const { stdout } = await promisify(execFile)(python.command, [file], { env, timeout: SCRIPT_MS })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

const SEARCH = { topic: expect.stringMatching(/^(budget|edge|host)$/), limit: expect.any(Number) }

describe('openai (Python)', { timeout: SCRIPT_MS }, () => {
  const openai = seenBy('openai_client.py')

  it.skipIf(none)(`chat${why}`, async () => {
    const { text, prompt, output, total } = await openai('chat')
    expect(text).toMatch(/\w{3}/)
    expect(Number(prompt) + Number(output)).toBe(total)
  })
  it.skipIf(none)(`chat, streamed${why}`, async () => {
    const { text, whole, usage } = await openai('stream')
    expect(text).toBe(whole)
    expect(usage).toBeGreaterThan(3)
  })
  it.skipIf(none)(`tools${why}`, async () => {
    expect(await openai('tools')).toEqual({ name: 'search', arguments: SEARCH, finish: 'tool_calls' })
  })
  it.skipIf(none)(`parse${why}`, async () => {
    expect(await openai('parse')).toEqual(SEARCH)
  })
  it.skipIf(none)(`embeddings${why}`, async () => {
    const { related, unrelated } = await openai('embeddings')
    expect(related).toBeGreaterThan(Number(unrelated))
  })
  it.skipIf(none)(`models, the list and one${why}`, async () => {
    const { list, one } = await openai('models')
    expect(list).toContain(CHAT)
    expect(one).toBe(CHAT)
  })
  it.skipIf(none)(`errors as its own classes${why}`, async () => {
    expect(await openai('errors')).toEqual({
      AuthenticationError: [401, 'token_malformed'],
      BadRequestError: [400, 'invalid_request'],
      NotFoundError: [404, 'model_not_found'],
    })
  })
  it.skipIf(none)(`retries after 503${why}`, async () => {
    expect(await openai('retries')).toEqual({ output: 4, statuses: [503, 200] })
  })
})

describe('litellm (Python)', { timeout: SCRIPT_MS }, () => {
  const litellm = seenBy('litellm_client.py')

  it.skipIf(none)(`completion, whole and streamed${why}`, async () => {
    const { text, whole, total } = await litellm('completion')
    expect(whole).toMatch(/\w{3}/)
    expect(text).toBe(whole)
    expect(total).toBeGreaterThan(5)
  })
  it.skipIf(none)(`tools${why}`, async () => {
    expect(await litellm('tools')).toEqual({ name: 'search', arguments: SEARCH })
  })
  it.skipIf(none)(`embedding${why}`, async () => {
    const { related, unrelated } = await litellm('embedding')
    expect(related).toBeGreaterThan(Number(unrelated))
  })
  it.skipIf(none)(`errors as its own classes${why}`, async () => {
    expect(await litellm('errors')).toEqual({ kind: 'AuthenticationError', status: 401 })
  })
})
