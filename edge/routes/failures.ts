import type { Hono, MiddlewareHandler } from 'hono'
import { codeOf, TwohopError } from '../../shared/errors.ts'
import { BudgetRefused } from '../budget/refused.ts'
import type { Log } from '../log/port.ts'
import type { ErrorCounts } from '../stats/error-counts.ts'
import { errorResponseAt } from '../write/message-errors.ts'
import type { Env } from './env.ts'
import { methodsAt } from './methods.ts'

type Options = {
  log: Log
  /** Counts an error that is answered. */
  countError: ErrorCounts['count']
}

/** What is answered where there is no such route, and where something was thrown: the error in the form of the caller's API. */
export function addFailures(app: Hono<Env>, { log, countError }: Options): void {
  app.notFound((c) => {
    const path = c.req.path.slice(0, LONGEST_PATH)
    const allow = methodsAt(app.router, c.req.path)
    if (allow.length === 0) throw new TwohopError('not_found', `There is no ${c.req.method} ${path} here.`)
    throw new TwohopError('method_not_allowed', `${path} takes ${allow.join(', ')}, not ${c.req.method}.`, {
      allow,
    })
  })
  app.onError(async (error, c) => {
    if (error instanceof BudgetRefused && error.allowance) c.set('allowance', error.allowance)
    const { requestId, account } = c.var
    const answer = errorResponseAt(c.req.path, error, requestId)
    const code = codeOf(error)
    countError(code)
    if (answer.status >= 500) {
      // A client that has gone gets no answer, and its abort is no fault of ours.
      const gone = c.req.raw.signal.aborted
      const level = gone ? 'info' : answer.status === 500 ? 'error' : 'warn'
      await log(level, gone ? 'client_gone' : 'answer_failed', { requestId, account, code, error })
    }
    return answer
  })
}

/**
 * Makes an Error of what is thrown behind it and is none. Hono would throw that on, to a platform that answers without a
 * request's id and writes its own line, or none.
 */
export const failingAsError: MiddlewareHandler<Env> = async (_, next) => {
  try {
    await next()
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : new Error('what was thrown is no error', { cause: thrown })
  }
}

/** Characters of a path that a complaint shows. */
const LONGEST_PATH = 200
