import { TwohopError } from '../../shared/errors.ts'
import { type BodyBound, readBody } from '../../shared/read-bounded.ts'

/** Gives a request's body. It is read when it is first asked for, and only once. */
export type ReadBody = () => Promise<Uint8Array<ArrayBuffer>>

/**
 * A ReadBody of `request`. Nothing is read before it is called: who may ask, and for what, is decided before. It throws
 * TwohopError `body_too_large`, `body_timeout`, `unsupported_media_type` for a packed body, or `invalid_request` where
 * the connection breaks.
 */
export function createReadBody(request: Request, bound: BodyBound): ReadBody {
  let body: ReturnType<ReadBody> | undefined

  async function read(): Promise<Uint8Array<ArrayBuffer>> {
    const packed = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
    if (packed !== 'identity')
      throw new TwohopError(
        'unsupported_media_type',
        'Bodies are not unpacked here: send it without content-encoding.',
        { param: 'content-encoding' },
      )
    try {
      return await readBody(request, bound)
    } catch (error) {
      if (error instanceof TwohopError) throw error
      throw new TwohopError('invalid_request', 'The body broke off before its end.', { cause: error })
    }
  }

  return () => {
    body ??= read()
    return body
  }
}
