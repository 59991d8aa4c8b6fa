import { TwohopError } from '../../shared/errors.ts'
import type { Answer } from '../../shared/fetch.ts'
import { readBoundedText } from '../../shared/read-bounded.ts'

/**
 * The whole of an answer as text, at most `most` bytes: an upstream's body is never trusted to end.
 * @throws TwohopError host_failed when it is longer; what reading throws when the connection breaks
 */
export function readText(answer: Answer, most: number): Promise<string> {
  const tooLong = () => new TwohopError('host_failed', 'The model answered with more than is accepted.')
  return readBoundedText(answer, { most, tooLong })
}
