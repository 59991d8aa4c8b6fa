import { TwohopError } from './errors.ts'

/** A file that cannot be read. The message says what it is instead, in words that go on after "found". */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
}

/**
 * What `read` gives.
 * @param field the field of the request that the file is from
 * @param expected what it should be
 * @throws TwohopError invalid_request where `read` throws Unreadable
 */
export function readable<Read>(field: string, expected: string, read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new TwohopError('invalid_request', `Expected ${expected}, found ${error.message}.`, {
      param: field,
    })
  }
}
