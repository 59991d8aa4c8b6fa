import type { EdgeProcess } from './edge.ts'

/** What the tests ask for. */
export const PROMPT = 'Tell me a long story'
/** Tokens of an answer, which the host computes in well under a second. */
export const TOKENS = 200

/** A chat whose answer goes on to its limit, and is the same each time: the tokens that end one are ruled out. */
export const story = (stream: boolean, tokens = TOKENS) => ({
  model: 'twohop-chat',
  messages: [{ role: 'user', content: PROMPT }],
  max_tokens: tokens,
  temperature: 0,
  logit_bias: { 0: -100, 2: -100 },
  stream,
})

/** What a client saw of its request. */
export type Seen = {
  /** Undefined where the connection was cut before an answer began. */
  status: number | undefined
  requestId: string | undefined
  /** Error code, in a refusal or in a stream. */
  code: string | undefined
  /** Whole events of a stream. */
  events: number
  /** Whether the answer came to its end. */
  whole: boolean
}

type Ask = {
  url: string
  token: string
  body: object
  /** Leaves after that many events. */
  leaveAfter?: number
}

/** Asks for a chat's answer and reads it as far as it comes. */
export async function ask({ url, token, body, leaveAfter = Infinity }: Ask): Promise<Seen> {
  const seen: Seen = { status: undefined, requestId: undefined, code: undefined, events: 0, whole: false }
  const leaving = new AbortController()
  let text = ''
  try {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: leaving.signal,
    })
    seen.status = answer.status
    seen.requestId = answer.headers.get('x-request-id') ?? undefined
    const decoder = new TextDecoder()
    for await (const piece of answer.body ?? []) {
      text += decoder.decode(piece, { stream: true })
      seen.events = text.split('\n\n').length - 1
      if (seen.events >= leaveAfter) leaving.abort()
    }
    seen.whole = !text.startsWith('data: ') || text.includes('[DONE]')
  } catch {
    // The connection was cut, from here or there; `whole` stays false.
  }
  seen.code = /"code":"(\w+)"/.exec(text)?.[1]
  return seen
}

/** The same, until its edge has done all that it does after the answer too. */
export async function askUntilDone(
  edge: Pick<EdgeProcess, 'url' | 'reached'>,
  token: string,
  body: object,
): Promise<Seen> {
  const over = edge.reached('all done')
  const seen = await ask({ url: edge.url, token, body })
  await over
  return seen
}

/** What a client saw, in a few words. */
export function inWords({ status, code, events, whole }: Seen): string {
  if (status === undefined) return 'cut off, no answer'
  if (status !== 200) return `${status} ${code ?? ''}`.trim()
  if (whole) return '200, whole'
  return code ? `200, then ${code}` : `200, cut off${events > 0 ? ' in the stream' : ''}`
}
