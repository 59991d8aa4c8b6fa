import { createParser } from 'eventsource-parser'
import { createOwnHost } from '../../edge/upstream/own-host.ts'
import { createServiceTokenSigner } from '../../edge/upstream/service-token.ts'
import type { ServiceKeys } from '../../local/service-keys.ts'
import { type Answer, overWeb } from '../../shared/fetch.ts'

/** One streamed answer as its caller saw it. Times are `performance.now()`, in milliseconds. */
export type Generation = {
  began: number
  /** When each token came. */
  tokens: number[]
  text: string
  ended: number
}

type Ask = { account: string; outputTokens: number; signal: AbortSignal }

/** A caller of one model of a host. Every call rejects when its signal is aborted, or when the host refuses. */
export type HostClient = {
  complete(prompt: string, ask: Ask): Promise<Generation>
  chat(question: string, ask: Ask): Promise<Generation>
  embed(texts: readonly string[], ask: Omit<Ask, 'outputTokens'>): Promise<void>
  /** Translates a text; resolves with the translation. */
  translate(text: string, ask: Ask): Promise<string>
}

type Options = { url: string; model: string; keys: ServiceKeys }

const DEADLINE_MS = 900_000

/** Makes a client that calls a host directly, as the edge does: greedy tokens, streamed and counted one by one. */
export function createHostClient({ url, model, keys }: Options): HostClient {
  const sign = createServiceTokenSigner(keys.privateKey, Date.now)
  const host = createOwnHost({ url, sign, fetch: overWeb(fetch), now: Date.now, log: async () => {} })
  const encoder = new TextEncoder()

  function post(path: string, scope: string, fields: object, { account, outputTokens, signal }: Ask) {
    const request = { model, ...fields }
    return host.call({
      requestId: crypto.randomUUID(),
      path,
      request,
      account,
      model,
      scope,
      reserved: { promptTokens: encoder.encode(JSON.stringify(request)).length, outputTokens },
      weight: 1,
      deadline: Date.now() + DEADLINE_MS,
      signal,
    })
  }

  async function generate(path: string, prompt: object, ask: Ask): Promise<Generation> {
    const began = performance.now()
    const answer = await post(
      path,
      'chat',
      {
        ...prompt,
        max_tokens: ask.outputTokens,
        temperature: 0,
        stop: [],
        stream: true,
        stream_options: { include_usage: true, continuous_usage_stats: true },
      },
      ask,
    )
    return { began, ...(await read(answer)), ended: performance.now() }
  }

  return {
    complete: (prompt, ask) => generate('/v1/completions', { prompt }, ask),
    chat: (content, ask) => generate('/v1/chat/completions', { messages: [{ role: 'user', content }] }, ask),
    async embed(input, ask) {
      const fields = { input, encoding_format: 'base64' }
      const answer = await post('/v1/embeddings', 'embed', fields, { ...ask, outputTokens: 0 })
      const { data } = JSON.parse(await answer.text()) as { data: unknown[] }
      if (data.length !== input.length) throw new Error(`${input.length} texts have ${data.length} vectors`)
    },
    async translate(text, ask) {
      const fields = { inputs: [text], single: true, max_tokens: ask.outputTokens, parameters: {} }
      const answer = await post('/v1/tasks/translation', 'tasks:translation', fields, ask)
      const [translation] = JSON.parse(await answer.text()) as { translation_text: string }[]
      if (translation === undefined) throw new Error('a text has no translation')
      return translation.translation_text
    },
  }
}

/**
 * A streamed answer's text, and when each token came.
 * @throws Error where the stream reports an error or does not end
 */
async function read({ body }: Answer): Promise<Pick<Generation, 'text' | 'tokens'>> {
  const tokens: number[] = []
  let text = ''
  let done = false
  const parser = createParser({
    onEvent({ data }) {
      done ||= data === '[DONE]'
      if (done) return
      const { usage, error, choices } = JSON.parse(data) as {
        usage?: { completion_tokens: number }
        choices?: { text?: string; delta?: { content?: string } }[]
        error?: { code: string }
      }
      if (error !== undefined) throw new Error(`the stream breaks off: ${error.code}`)
      const now = performance.now()
      while (tokens.length < (usage?.completion_tokens ?? 0)) tokens.push(now)
      text += choices?.[0]?.text ?? choices?.[0]?.delta?.content ?? ''
    },
  })
  const decoder = new TextDecoder()
  for await (const piece of body ?? []) parser.feed(decoder.decode(piece, { stream: true }))
  if (!done) throw new Error('the stream ends too early')
  return { text, tokens }
}

/** Milliseconds from the request to its first token. */
export function firstTokenMs({ began, tokens }: Generation): number {
  return (tokens[0] ?? Number.NaN) - began
}

/** Output tokens a second over several answers, from the first request to the last end. */
export function tokensPerSecond(all: readonly Generation[]): number {
  const began = Math.min(...all.map((one) => one.began))
  const ended = Math.max(...all.map((one) => one.ended))
  return all.reduce((sum, { tokens }) => sum + tokens.length, 0) / ((ended - began) / 1000)
}
