import { TwohopError } from '../../shared/errors.ts'
import { toHex } from '../../shared/hex.ts'
import { crc32 } from './crc32.ts'
import type { Authenticate, PresentedApiKey, VerifyToken } from './principal.ts'

/** Every API key begins with this. No token does: these are not the first letters of JSON in base64url. */
const PREFIX = 'twohop_'
/** A secret key, for servers and scripts. Another kind of key would have two other letters. */
const KIND = 'sk_'
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62^16 ids: no two keys ever share one. */
const ID_DIGITS = 16
/** 62^43 is above 2^256. Such a secret cannot be guessed, so a fast hash of it is safe to store. */
const SECRET_DIGITS = 43
/** 62^6 is above 2^32. */
const SUM_DIGITS = 6
const FORM = new RegExp(
  `^${PREFIX}${KIND}([0-9A-Za-z]{${ID_DIGITS}})([0-9A-Za-z]{${SECRET_DIGITS}})([0-9A-Za-z]{${SUM_DIGITS}})$`,
)

/**
 * A new API key: `twohop_sk_`, 16 characters of id, 43 of secret, 6 of checksum (CRC-32 of all before it, in base62).
 * The form follows GitHub's tokens (github.blog/2021-04-05-behind-githubs-new-authentication-token-formats). A scanner
 * finds a key by its prefix, and the checksum tells without a request that the match is no accident. The underscores
 * let a double click select the whole key.
 * @param random fills an array with random bytes, as crypto.getRandomValues does
 */
export async function makeApiKey(
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
): Promise<PresentedApiKey & { key: string }> {
  const digits = randomDigits(ID_DIGITS + SECRET_DIGITS, random)
  const body = `${PREFIX}${KIND}${digits}`
  return presented(`${body}${sumOf(body)}`, digits.slice(0, ID_DIGITS), digits.slice(ID_DIGITS))
}

/**
 * Reads an API key by its form and checksum alone. No store is asked, so made-up keys cost nothing.
 * @returns its id and the SHA-256 of its secret; the secret itself goes no further
 * @throws TwohopError key_invalid
 */
export async function parseApiKey(key: string): Promise<PresentedApiKey> {
  const [, id, secret, sum] = FORM.exec(key) ?? []
  if (id === undefined || secret === undefined || sumOf(key.slice(0, -SUM_DIGITS)) !== sum)
    throw new TwohopError('key_invalid', 'This is no API key of this service: it is cut off or mistyped.')
  const { issuer, secretHash } = await presented(key, id, secret)
  return { issuer, id, secretHash }
}

/** What may be shown of a key, so that its owner can tell which one it is. */
export const shownPrefix = (id: string) => `${PREFIX}${KIND}${id}`

/** Accepts API keys besides tokens. The prefix decides which of the two a bearer token is checked as, never both. */
export function withApiKeys(verifyToken: VerifyToken): Authenticate {
  return async function authenticate(credential) {
    return credential.startsWith(PREFIX) ? parseApiKey(credential) : verifyToken(credential)
  }
}

async function presented(key: string, id: string, secret: string) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))
  return { issuer: 'key' as const, id, secretHash: toHex(hash), key }
}

function sumOf(body: string): string {
  let [rest, digits] = [crc32(body), '']
  for (let i = 0; i < SUM_DIGITS; i++) {
    digits = DIGITS.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

/** Random base62 digits. Bytes from 248 (4 times 62) on are dropped, so that every digit is equally likely. */
function randomDigits(count: number, random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  let digits = ''
  while (digits.length < count)
    for (const byte of random(new Uint8Array(count)))
      if (byte < 248 && digits.length < count) digits += DIGITS.charAt(byte % 62)
  return digits
}
