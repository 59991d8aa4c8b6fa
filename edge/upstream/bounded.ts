import { TwohopError } from '../../shared/errors.ts'

/**
 * The whole of an answer as text, at most `most` bytes: an upstream's body is never trusted to end.
 * @throws TwohopError host_failed when it is longer; what reading throws when the connection breaks
 */
export async function readText(answer: Response, most: number): Promise<string> {
  // HTTP holds a body to its stated length (RFC 9112, section 6.3), and reading it whole is the runtime's fast way.
  const length = Number(answer.headers.get('content-length') ?? Number.NaN)
  if (length <= most && !answer.headers.has('content-encoding')) return answer.text()
  const reader = answer.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > most) {
      await reader.cancel().catch(() => {})
      throw new TwohopError('host_failed', 'The model answered with more than is accepted.')
    }
    text += decoder.decode(value, { stream: true })
  }
}
