import { TwohopError } from '../../shared/errors.ts'
import { answerPreflight, EXPOSED } from '../access/origins.ts'
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
 * wrong with them is written to the log once.
 * @param write takes a line of the log
 */
export function createUnconfigured(error: NotConfigured, write: (line: string) => void) {
  const { variables, complaints } = error
  write(
    JSON.stringify({
      level: 'error',
      event: 'not_configured',
      code: 'not_configured',
      complaints: complaints.map(String),
    }),
  )
  const message = `This service is not configured yet. Its operator must look at ${variables.join(', ')}.`
  const refusal = new TwohopError('not_configured', message, { retryAfterMs: RETRY_MS })
  return {
    app: {
      fetch: ({ url, method, headers }: Request) => {
        const answer =
          method === 'OPTIONS'
            ? answerPreflight(headers.get('access-control-request-headers') ?? undefined)
            : errorResponseAt(new URL(url).pathname, refusal, crypto.randomUUID())
        // Nobody knows yet which origins are allowed. Whoever develops the page should read this rather than "Failed to fetch",
        // and a curl reads it anyway.
        answer.headers.set('access-control-allow-origin', '*')
        answer.headers.set('access-control-expose-headers', EXPOSED)
        return answer
      },
    },
    scheduled: async (): Promise<void> => {
      throw refusal
    },
  }
}
