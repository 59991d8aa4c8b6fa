import { timingSafeEqual } from 'node:crypto'
import { TwohopError } from '../../shared/errors.ts'
import { bodyHash, type ServiceClaims } from '../../shared/service-token.ts'

/** @throws TwohopError `service_token_body_mismatch` where `body` is not what the edge signed. */
export async function checkBodyHash(claims: ServiceClaims, body: Uint8Array<ArrayBuffer>): Promise<void> {
  if (!sameHash(await bodyHash(body), claims.body_sha256))
    throw new TwohopError('service_token_body_mismatch', 'The service token was made for another body.')
}

/** Compares two sums in constant time, wherever they differ. */
export function sameHash(ours: string, theirs: string): boolean {
  return ours.length === theirs.length && timingSafeEqual(Buffer.from(ours), Buffer.from(theirs))
}
