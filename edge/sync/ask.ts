import { parseJson } from '../../shared/parse-json.ts'
import { readBoundedText } from '../../shared/read-bounded.ts'
import { SyncError } from './port.ts'

/** The most bytes of an answer that are read; a user's record has a few thousand. */
const MOST_BYTES = 256 * 1024

type Question = {
  fetch: typeof fetch
  url: string
  method: 'POST' | 'PUT' | 'GET'
  headers: Record<string, string>
  body?: string
  timeoutMs: number
}

/**
 * Asks an issuer's administration API and parses its JSON.
 * @throws SyncError by the status: 404 is user_unknown, another 4xx refused, everything else unavailable. The message
 *   holds nothing of the request or the answer, since both hold secrets.
 */
export async function askJson({ fetch, url, timeoutMs, ...init }: Question): Promise<unknown> {
  let answer: Response
  let text: string
  try {
    answer = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    text = await readBoundedText(answer, {
      most: MOST_BYTES,
      tooLong: () => new Error('the answer is too long'),
    })
  } catch (cause) {
    throw new SyncError('unavailable', 'The issuer did not answer.', { cause })
  }
  if (answer.status === 404) throw new SyncError('user_unknown', 'The issuer knows no such user.')
  if (answer.status === 429 || answer.status < 200 || (answer.status >= 300 && answer.status < 400))
    throw new SyncError('unavailable', `The issuer answered ${answer.status}.`)
  if (!answer.ok)
    throw new SyncError(
      answer.status < 500 ? 'refused' : 'unavailable',
      `The issuer answered ${answer.status}.`,
    )
  const answered = parseJson(text)
  if (answered === undefined) throw new SyncError('unavailable', 'The issuer answered no JSON.')
  return answered
}
