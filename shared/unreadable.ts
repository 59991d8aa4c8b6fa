import { type ErrorCode, TwohopError } from './errors.ts'

/** A file that cannot be read. The message says what it is instead, in words that go on after "found". */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  readonly code: ErrorCode

  constructor(message: string, code: ErrorCode = 'invalid_request') {
    super(message)
    this.code = code
  }
}

/** What a client is told of a file that cannot be read. `expected` is what it should be, and `field` where it came from. */
export const refusalOf = (field: string, expected: string, { code, message }: Unreadable): TwohopError =>
  new TwohopError(code, `Expected ${expected}, found ${message}.`, { param: field })

/**
 * What `read` gives.
 * @throws TwohopError invalid_request, or another code that it names, where `read` throws Unreadable
 */
export function readable<Read>(field: string, expected: string, read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    throw error instanceof Unreadable ? refusalOf(field, expected, error) : error
  }
}
