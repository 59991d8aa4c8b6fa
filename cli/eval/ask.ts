import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { retryAfterSeconds } from '../../shared/retry-after.ts'
import { plain } from '../api.ts'
import { CliError } from '../context.ts'
import { jsonOf, target } from '../deployment.ts'
import type { Case, Suite } from './suite.ts'

/** Milliseconds that one answer may take. */
const TIMEOUT_MS = 180_000
/** How often a request that was refused for now is sent again, and the longest wait for it in seconds. */
const MOST_WAITS = 5
const LONGEST_WAIT_S = 60

const Answer = z.looseObject({
  choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string().nullable() }) })).min(1),
})
const Refused = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) })

/** A request that was not answered, by the code of its refusal. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
  readonly code: string

  constructor(code: string) {
    super(`The request was not answered: ${code}`)
    this.code = code
  }
}

/** Asks a model, or a version of it, for the text of one answer. */
export type AskChat = (
  whom: Suite['asked'][number],
  messages: Case['messages'],
  maxTokens?: number,
) => Promise<string>

/**
 * Asks the deployment that TWOHOP_URL names.
 * @throws CliError what no other case would mend: who asks, or for what; Unanswered else
 */
export function createAsk(temperature: number, signal: AbortSignal): AskChat {
  const { url, token } = target()

  return async function ask({ model, version }, messages, maxTokens) {
    const body = JSON.stringify({ model, messages, temperature, ...(maxTokens && { max_tokens: maxTokens }) })
    const send = () =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          ...(version !== undefined && { 'x-model-version': version }),
        },
        body,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      }).catch((cause: unknown) => {
        signal.throwIfAborted()
        if (cause instanceof DOMException && cause.name === 'TimeoutError') throw new Unanswered('timeout')
        throw new CliError('unreachable', `${url} does not answer.`, { cause })
      })
    let answer = await send()
    for (let waits = 0; (answer.status === 429 || answer.status === 503) && waits < MOST_WAITS; waits++) {
      const seconds = Math.min(
        LONGEST_WAIT_S,
        Math.max(1, retryAfterSeconds(answer.headers.get('retry-after')) ?? 1),
      )
      await answer.body?.cancel()
      await wait(seconds * 1000, undefined, { signal })
      answer = await send()
    }
    const said = await jsonOf(answer)
    const read = Answer.safeParse(said)
    if (answer.ok && read.success) return read.data.choices[0]?.message.content ?? ''
    const { code, message } = Refused.safeParse(said).data?.error ?? {
      code: `http_${answer.status}`,
      message: '',
    }
    // The next case would be refused for the same.
    if ([401, 403, 404].includes(answer.status)) throw new CliError(code, plain(message || code))
    throw new Unanswered(code)
  }
}
