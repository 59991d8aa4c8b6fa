import { timingSafeEqual } from 'node:crypto'
import { TwohopError } from '../../shared/errors.ts'
import { readBounded } from '../../shared/read-bounded.ts'
import { bodyHash, type ServiceClaims } from '../../shared/service-token.ts'

/** The most bytes of a body, and the most milliseconds that reading it may take. */
export type BodyBound = { most: number; timeoutMs: number }

/**
 * Reads a request's body.
 * @throws TwohopError `body_too_large` or `body_timeout` as soon as that is known, the rest unread
 */
export async function readBody(
  request: Request,
  { most, timeoutMs }: BodyBound,
): Promise<Uint8Array<ArrayBuffer>> {
  return readBounded(request, {
    most,
    tooLong: () => new TwohopError('body_too_large', `A body may have ${most} bytes at most.`),
    within: {
      ms: timeoutMs,
      tooSlow: () => new TwohopError('body_timeout', `The body did not come within ${timeoutMs} ms.`),
    },
  })
}

/** @throws TwohopError `service_token_body_mismatch` where `body` is not what the edge signed. */
export async function checkBodyHash(claims: ServiceClaims, body: Uint8Array<ArrayBuffer>): Promise<void> {
  if (!sameHash(await bodyHash(body), claims.body_sha256))
    throw new TwohopError('service_token_body_mismatch', 'The service token was made for another body.')
}

/** Compares two sums in constant time, wherever they differ. */
export function sameHash(ours: string, theirs: string): boolean {
  return ours.length === theirs.length && timingSafeEqual(Buffer.from(ours), Buffer.from(theirs))
}
