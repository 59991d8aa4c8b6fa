import { ERRORS, type ErrorCode, errorResponse, TwohopError } from '../../shared/errors.ts'
import { CALLER_ERRORS } from './caller-errors.ts'
import type { ErrorWords } from './error-words.ts'
import { EDGE_ERRORS, REQUEST_ERRORS } from './request-errors.ts'
import { tableOf } from './table.ts'

/** A code that nobody has words for, or words for no code, is an error of types. */
const CLIENT: Record<Exclude<ErrorCode, keyof typeof EDGE_ERRORS>, ErrorWords> = {
  ...CALLER_ERRORS,
  ...REQUEST_ERRORS,
}
const EDGE: Record<keyof typeof EDGE_ERRORS & ErrorCode, ErrorWords> = EDGE_ERRORS

const isCode = (name: string): name is ErrorCode => Object.hasOwn(ERRORS, name)

/** The codes that have words, in the order of their statuses, and among those of a status as `ERRORS` has them. */
function ordered<Words extends ErrorWords>(words: Readonly<Record<string, Words>>) {
  return Object.keys(ERRORS)
    .filter(isCode)
    .flatMap((code) => {
      const of = words[code]
      return of === undefined ? [] : [{ code, status: ERRORS[code].status, ...of }]
    })
    .sort((one, other) => one.status - other.status)
}

/** The table of what a client may see. */
export function clientErrors(): string {
  const rows = ordered(CLIENT).map(({ code, status, when, todo = '', pays = 'nothing', waits }) => {
    const { headers } = errorResponse(new TwohopError(code, ''), '')
    const again = headers.get('x-should-retry')
    return [
      String(status),
      `\`${code}\``,
      when,
      todo,
      again === null ? '' : `\`${again}\``,
      waits ?? (headers.has('retry-after') ? 'yes' : ''),
      `\`${pays}\``,
    ]
  })
  const heads = ['status', 'code', 'when', 'what to do', '`x-should-retry`', '`Retry-After`', 'pays']
  return tableOf(heads, rows)
}

/** The table of what only the edge may see. */
export function edgeErrors(): string {
  return tableOf(
    ['status', 'code', 'when'],
    ordered(EDGE).map(({ code, status, when }) => [String(status), `\`${code}\``, when]),
  )
}
