import type { Allowance } from '../budget/port.ts'

/** What goes along with a request through the app's routes. */
export type Env = {
  Bindings: {
    /** Keeps work alive after the answer. Each runtime hands in how that is done there. */
    background: (task: Promise<unknown>) => void
  }
  Variables: {
    requestId: string
    /** Whose request it is, once that is known; for the log. */
    account?: string
    /** What the headers of the answer say, once it is known. */
    allowance?: Allowance
  }
}
