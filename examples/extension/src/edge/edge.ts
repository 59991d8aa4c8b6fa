import { type Budget, type ReadError, readError, twohopFetch } from '@twohop/client'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { Config } from '../config.ts'
import type { Message } from '../prompt.ts'
import type { SignIn } from '../sign-in/port.ts'

/** A refusal or failure that the edge gave a code. */
export class EdgeError extends Error {
  override readonly name = 'EdgeError'
  readonly detail: ReadError
  constructor(detail: ReadError) {
    super(detail.message)
    this.detail = detail
  }
}

/** Ids of the first model of the user's plan for each kind of work. */
export type Models = { chat: string | undefined; classify: string | undefined }
export type Label = { label: string; score: number }

export type Edge = {
  models: () => Promise<Models>
  /** Asks what is left; it comes by `onBudget`. */
  readBudget: () => Promise<void>
  /** The pieces of an answer as they come. `signal` stops the model, too, and only what was produced is paid for. */
  answer: (asked: { model: string; messages: Message[]; signal: AbortSignal }) => AsyncGenerator<string>
  classify: (asked: { model: string; text: string; signal: AbortSignal }) => Promise<Label[]>
}

type ModelList = { data: { id: string; tasks: string[] }[] }
type Chunk = { error?: unknown; choices?: { delta?: { content?: string | null } }[] }

/**
 * The calls that the panel makes. Each throws an EdgeError for what the edge refused, or what `fetch` throws.
 * @param onBudget called with each answer that says what is left
 */
export function openEdge(
  { edge, longestAnswer }: Config,
  token: SignIn['token'],
  onBudget: (budget: Budget) => void,
): Edge {
  // Two attempts: somebody waits for the answer, and a sentence with a button is better than a long silence.
  const call = twohopFetch(token, { edge, onBudget, attempts: 2, maxWaitMs: 3000 })

  async function asked(path: string, init: RequestInit = {}): Promise<Response> {
    const answer = await call(new URL(path, edge), init)
    if (answer.ok) return answer
    throw new EdgeError((await readError(answer)) ?? unread(answer))
  }
  const post = (path: string, body: unknown, signal: AbortSignal) =>
    asked(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    })

  return {
    async models() {
      const { data } = (await (await asked('/v1/models')).json()) as ModelList
      const first = (task: string) => data.find(({ tasks }) => tasks.includes(task))?.id
      return { chat: first('chat'), classify: first('text-classification') }
    },
    async readBudget() {
      await asked('/v1/usage')
    },
    async *answer({ model, messages, signal }) {
      const body = { model, messages, stream: true, max_tokens: longestAnswer }
      const { body: stream } = await post('/v1/chat/completions', body, signal)
      if (!stream) return
      const events = stream.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      for await (const { data } of events) {
        if (data === '[DONE]') return
        const chunk = JSON.parse(data) as Chunk
        if (chunk.error) throw new EdgeError((await readError(chunk)) ?? BROKEN)
        const piece = chunk.choices?.[0]?.delta?.content
        if (piece) yield piece
      }
      // Without its last line the answer is not whole.
      throw new EdgeError(BROKEN)
    },
    async classify({ model, text, signal }) {
      const body = { model, inputs: text, parameters: { top_k: 5 } }
      const found = (await (await post('/v1/tasks/text-classification', body, signal)).json()) as unknown
      return labelsOf(found)
    },
  }
}

const BROKEN: ReadError = { code: 'host_failed', message: 'The answer broke off.', requestId: '' }

/** What is said of an answer that came from something before the edge. */
const unread = ({ status }: Response): ReadError => ({
  code: 'unknown',
  message: `The server answered with ${status}.`,
  requestId: '',
  status,
})

/** The labels of one text, which the hub's form wraps in a list. */
function labelsOf(found: unknown): Label[] {
  const list: unknown[] = Array.isArray(found) ? found.flat() : []
  return list.filter(
    (entry): entry is Label =>
      typeof (entry as Label)?.label === 'string' && typeof (entry as Label).score === 'number',
  )
}
