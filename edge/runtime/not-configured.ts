import { TwohopError } from '../../shared/errors.ts'
import { answerPreflight, EXPOSED } from '../access/origins.ts'
import { logOfProcess } from '../log/of-process.ts'
import { errorResponseAt } from '../write/message-errors.ts'
import type { Complaint } from './complaint.ts'

/** Variables of the edge are missing or wrong. */
export class NotConfigured extends Error {
  readonly complaints: readonly Complaint[]

  constructor(complaints: readonly Complaint[]) {
    super(`Configuration: ${complaints.join('; ')}`)
    this.name = 'NotConfigured'
    this.complaints = complaints
  }

  /** The names of the variables alone, each once. */
  get variables(): string[] {
    return [...new Set(this.complaints.map(({ variable }) => variable))]
  }
}

/** Milliseconds after which to ask again: somebody has to set a variable first. */
const RETRY_MS = 60_000

/**
 * What answers in place of an edge that is not configured: the names of the variables, and nothing of their values. What is
 * wrong with them is written to the log once, and then a line for each answer and each scheduled run that failed. A stranger
 * can have no more written than of an edge that is configured, which has a line for each 5xx too: it is short, and always as
 * long.
 * @param write takes a line of the log
 */
export function createUnconfigured(error: NotConfigured, write: (line: string) => void) {
  const { variables, complaints } = error
  const log = logOfProcess(write)
  const code = 'not_configured'
  void log('error', code, { code, detail: { complaints: complaints.map(String) } })
  const message = `This service is not configured yet. Its operator must look at ${variables.join(', ')}.`
  const refusal = new TwohopError(code, message, { retryAfterMs: RETRY_MS })
  return {
    app: {
      fetch: ({ url, method, headers }: Request) => {
        const requestId = crypto.randomUUID()
        const isPreflight = method === 'OPTIONS'
        const answer = isPreflight
          ? answerPreflight(headers.get('access-control-request-headers') ?? undefined)
          : errorResponseAt(new URL(url).pathname, refusal, requestId)
        if (!isPreflight) void log('warn', 'answer_failed', { requestId, code })
        // Nobody knows yet which origins are allowed. Whoever develops the page should read this rather than "Failed to fetch",
        // and a curl reads it anyway.
        answer.headers.set('access-control-allow-origin', '*')
        answer.headers.set('access-control-expose-headers', EXPOSED)
        return answer
      },
    },
    scheduled: async (): Promise<void> => {
      await log('error', 'scheduled_failed', { code })
      throw refusal
    },
  }
}
