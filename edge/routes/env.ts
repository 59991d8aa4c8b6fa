import type { Span } from '../../shared/tracing/port.ts'
import type { Allowance } from '../budget/port.ts'
import type { PresentedApiKey } from '../identity/principal.ts'
import type { ReadBody } from '../parse/read-body.ts'
import type { Timings } from './timings.ts'

/** What a request carries through the app's routes. */
export type Env = {
  Bindings: {
    /** Keeps work alive after the answer. Each runtime provides its own way. */
    background: (task: Promise<unknown>) => void
    /** The caller's address, where the platform itself says it: a header that a client may set is none. */
    address?: string | undefined
    /** The caller's country, two letters, where the platform itself says it. */
    country?: string | undefined
  }
  Variables: {
    requestId: string
    timings: Timings
    /** The request's span, where requests are traced. */
    span?: Span
    /** Resolves when the request is settled, where there is something to settle. */
    settled?: Promise<void>
    /** The API key that was presented, where one was. */
    key?: PresentedApiKey
    /** The body, once somebody has a reason to read it. */
    readBody: ReadBody
    /** The account, once it is known; for the log. */
    account?: string
    /** The version of the model that answers, once it is known. */
    version?: string | undefined
    /** Whether the answer is one of before, where it could be. */
    cache?: 'hit' | 'miss'
    /** The numbers for the rate headers of the answer, once they are known. */
    allowance?: Allowance
  }
}
