import type { UsageAnswer, UsageQuestion } from '../../shared/usage.ts'

/** Bytes of an answer that is not streamed. */
export const ANSWER_BYTES = 400

/** What a model of the stub does; its name says it. */
export type StubModel = { chunks: number; delayMs: number }

/** The name of a stub's model. Gateways pass it on, whatever else they change in a request. */
export function stubModel({ chunks, delayMs }: StubModel): string {
  return `stub-${chunks}-chunks-${delayMs}-ms`
}

/** The stub's model that a name stands for; undefined for any other name. */
export function readStubModel(name: unknown): StubModel | undefined {
  const [, chunks, delayMs] = /^stub-(\d{1,5})-chunks-(\d{1,5})-ms$/.exec(String(name)) ?? []
  return chunks === undefined ? undefined : { chunks: Number(chunks), delayMs: Number(delayMs) }
}

/** Events with data in a stream with usage: the chunks, one with the finish reason, the usage, `[DONE]`. */
export function eventsOf({ chunks }: StubModel): number {
  return chunks + 3
}

const COMMON = { id: 'chatcmpl-stub', created: 1_790_000_000, model: 'stub', system_fingerprint: 'fp_stub' }
const PROMPT_TOKENS = 40

const usageOf = (completion_tokens: number) => ({
  prompt_tokens: PROMPT_TOKENS,
  completion_tokens,
  total_tokens: PROMPT_TOKENS + completion_tokens,
})

/** A whole answer of 400 bytes. */
export const ANSWER = padded((content) =>
  JSON.stringify({
    ...COMMON,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, logprobs: null, finish_reason: 'stop' }],
    usage: usageOf(16),
  }),
)

/** Its headers. The host says there what an answer has cost. */
export const ANSWER_HEADERS = {
  'content-type': 'application/json',
  'content-length': ANSWER.length,
  'x-usage': JSON.stringify(usageOf(16)),
  'x-timing': '{"queue_ms":0,"compute_ms":1}',
}

/** What the host says of a stream that the edge passed on: more than nothing, and less than what is reserved. */
const USED = { usage: usageOf(16), timing: { queue_ms: 0, compute_ms: 1 } }

/** The answer to the question what these streams were. */
export function usedBy({ requests }: UsageQuestion): UsageAnswer {
  return { requests: requests.map(({ id }) => ({ id, ...USED })) }
}

function padded(answer: (content: string) => string): Buffer {
  return Buffer.from(answer('.'.repeat(ANSWER_BYTES - answer('').length)))
}

const event = (data: string) => Buffer.from(`data: ${data}\n\n`)
const chunk = (fields: object) =>
  event(JSON.stringify({ ...COMMON, object: 'chat.completion.chunk', ...fields }))
const choice = (delta: object, finish_reason: string | null = null) =>
  chunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason }] })

/** A stream's events in order, each to be written by itself. They are made once for each model, to save time. */
export function streamOf({ chunks }: StubModel, withUsage: boolean): Buffer[] {
  const said = Array.from({ length: chunks }, (_, i) =>
    choice({ ...(i === 0 && { role: 'assistant' }), content: ` word ${i}` }),
  )
  const usage = withUsage ? [chunk({ choices: [], usage: usageOf(chunks) })] : []
  return [...said, choice({}, 'stop'), ...usage, event('[DONE]')]
}
