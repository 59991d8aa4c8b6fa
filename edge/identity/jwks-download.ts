import { type CryptoKey, createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { readBounded } from '../../shared/read-bounded.ts'

/** What a token's header says about its key. Nothing else in the header is used. */
export type KeyHint = { alg: string; kid: string }

/** One downloaded key set. */
export type Jwks = {
  /** The one public key with this id and algorithm; undefined where there is none, or more than one. */
  find: (hint: KeyHint) => Promise<CryptoKey | undefined>
  /** `max-age` of the answer's Cache-Control in milliseconds, or undefined where it names none. */
  maxAgeMs: number | undefined
}

/** Google's set of two keys has 1.5 KB; a larger answer than this is no key set. */
const MAX_BYTES = 64 * 1024

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048

/**
 * Fetches a JSON Web Key Set (RFC 7517).
 * @throws Error that says what was wrong: no answer within `timeoutMs`, any status but 200 (a redirect is never
 *   followed), more than 64 KiB, or no key set
 */
export async function downloadJwks(
  url: string,
  fetch: typeof globalThis.fetch,
  timeoutMs: number,
): Promise<Jwks> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'manual', // workerd knows no 'error'
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`The key set at ${url} answered with status ${response.status} instead of 200.`)
  }
  const bytes = await readBounded(response, {
    most: MAX_BYTES,
    tooLong: () => new Error(`The key set at ${url} is larger than ${MAX_BYTES} bytes.`),
  })
  return {
    find: finder(JSON.parse(UTF8.decode(bytes))),
    maxAgeMs: maxAgeMs(response.headers.get('cache-control')),
  }
}

/** Throws where `published` is no key set. */
function finder(published: JSONWebKeySet): Jwks['find'] {
  const select = createLocalJWKSet(published)
  return async (hint) => {
    // jose throws in three cases: no public signature key fits both kid and algorithm (or its type, curve, use or
    // operations do not fit), several keys fit, or the one that fits cannot be imported.
    const key = await select(hint).catch(() => undefined)
    const bits = (key?.algorithm as { modulusLength?: number } | undefined)?.modulusLength
    return bits === undefined || bits >= MIN_RSA_BITS ? key : undefined
  }
}

function maxAgeMs(cacheControl: string | null): number | undefined {
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
