import { TwohopError } from '../../shared/errors.ts'

/**
 * The whole of a body as text, at most `most` bytes: an upstream's body is never trusted to end.
 * @throws TwohopError host_failed when it is longer; what reading throws when the connection breaks
 */
export async function readText(body: ReadableStream<Uint8Array> | null, most: number): Promise<string> {
  if (!body) return ''
  const decoder = new TextDecoder()
  const reader = body.getReader()
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
