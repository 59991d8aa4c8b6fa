import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import type { SaidBefore } from '../budget/port.ts'
import type { Log } from '../log/port.ts'
import { VERSION_HEADER } from '../parse/version.ts'
import { ANSWER_GONE } from '../store/idempotency-record.lua.ts'
import type { createSeal } from './seal.ts'

/** The longest body that is kept, in characters. It bounds the memory that recording a stream takes. */
export const MAX_KEPT_CHARS = 1024 * 1024
/** The longest text that is stored in Redis for an answer, in characters: packed, sealed and in base64url. */
const MAX_STORED_CHARS = 256 * 1024
/** The shortest wait that HTTP can name. Nobody knows when the other request ends. */
const IN_PROGRESS_RETRY_MS = 1000

const KeptAnswer = z.object({
  status: z.int(),
  contentType: z.string(),
  body: z.string(),
  /** The id of the request that it answered. */
  requestId: z.string(),
  /** The model's version that computed it. */
  version: z.string().optional(),
})
type KeptAnswer = z.infer<typeof KeptAnswer>

/** A whole answer, which a request with the same idempotency key gets again. */
export type Answer = Omit<KeptAnswer, 'requestId' | 'version'>

export type Answers = {
  /** An answer as its record stores it: sealed, or ANSWER_GONE where it is too large. Never throws. */
  keep(id: string, answer: KeptAnswer): Promise<string>
  /**
   * The first answer once more.
   * @throws TwohopError idempotency_in_progress, idempotency_key_reused, or idempotency_answer_gone where the answer
   *   was too large, is unknown, or was sealed with a key that the edge no longer has
   */
  repeat(id: string, before: SaidBefore): Promise<Response>
}

/** Seals answers to requests with an idempotency key for the store, and opens them. Only the edge can read them. */
export function createAnswers({ seal, open }: ReturnType<typeof createSeal>, log: Log): Answers {
  return {
    async keep(id, answer) {
      if (answer.body.length > MAX_KEPT_CHARS) return ANSWER_GONE
      const sealed = await seal(id, JSON.stringify(answer)).catch(async (error: unknown) => {
        await log('error', 'answer_not_kept', { requestId: answer.requestId, error })
        return ANSWER_GONE
      })
      return sealed.length > MAX_STORED_CHARS ? ANSWER_GONE : sealed
    },

    async repeat(id, before) {
      if (before.code !== 'answered') throw conflict(before.code)
      const text = await open(id, before.answer)
      const kept = KeptAnswer.safeParse(JSON.parse(text ?? 'null')).data
      if (!kept) throw conflict('idempotency_answer_gone')
      const { status, contentType, body, requestId, version } = kept
      return new Response(body, {
        status,
        headers: {
          'content-type': contentType,
          'cache-control': 'no-store',
          'x-request-id': requestId,
          'idempotency-replayed': 'true',
          ...(version !== undefined && { [VERSION_HEADER]: version }),
        },
      })
    },
  }
}

/**
 * The error for a repeated idempotency key that gets no answer: the first request still runs, the request is another
 * one, or the answer is gone.
 */
export function conflict(
  code: Exclude<SaidBefore['code'], 'answered'> | 'idempotency_answer_gone',
): TwohopError {
  const message = {
    idempotency_in_progress: 'A request with this idempotency key is under way.',
    idempotency_key_reused: 'This idempotency key was used for another request; take a new one.',
    idempotency_answer_gone:
      'This was asked before with this idempotency key, and the answer cannot be given again.',
  }[code]
  return new TwohopError(
    code,
    message,
    code === 'idempotency_in_progress' ? { retryAfterMs: IN_PROGRESS_RETRY_MS } : {},
  )
}
