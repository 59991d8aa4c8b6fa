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

/**
 * The same of an answer that a client waits for.
 * @param signal the call's: what breaks with it was broken off by it
 * @throws TwohopError host_failed when it is longer, or breaks off; the signal's reason
 */
export async function readAnswer(answer: Answer, most: number, signal: AbortSignal): Promise<string> {
  try {
    return await readText(answer, most)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TwohopError) throw error
    throw new TwohopError('host_failed', 'The model broke off its answer.', { cause: error })
  }
}

/** Milliseconds that the body of a refusal may take. */
const REFUSAL_MS = 2000

/** What a refusal says; nothing where it is longer than `most` bytes, or takes long: its status alone says enough. */
export function readRefusal(answer: Answer, most: number): Promise<string> {
  const unread = () => new Error('the refusal is not read to its end')
  const bound = { most, tooLong: unread, within: { ms: REFUSAL_MS, tooSlow: unread } }
  return readBoundedText(answer, bound).catch(() => '')
}
