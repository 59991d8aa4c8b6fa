import type { Allowance } from '../budget/port.ts'
import type { ReadBody } from '../parse/read-body.ts'

/** What a request carries through the app's routes. */
export type Env = {
  Bindings: {
    /** Keeps work alive after the answer. Each runtime provides its own way. */
    background: (task: Promise<unknown>) => void
  }
  Variables: {
    requestId: string
    /** The body, once somebody has a reason to read it. */
    readBody: ReadBody
    /** The account, once it is known; for the log. */
    account?: string
    /** The numbers for the rate headers of the answer, once they are known. */
    allowance?: Allowance
  }
}
