import { TwohopError } from '../../shared/errors.ts'
import { toHex } from '../../shared/hex.ts'
import { crc32 } from './crc32.ts'
import type { Authenticate, PresentedApiKey, VerifyToken } from './principal.ts'

/** Every API key begins so, and no token does: a JWT has dots. */
const PREFIX = 'twohop_'
/** A secret key, for servers and scripts. Another kind would be another two letters. */
const KIND = 'sk_'
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62^16 ids: no two keys ever share one. */
const ID_DIGITS = 16
/** 62^43 is above 2^256, so there is nothing to guess and a fast hash is enough to keep. */
const SECRET_DIGITS = 43
/** 62^6 is above 2^32. */
const SUM_DIGITS = 6
const FORM = new RegExp(
  `^${PREFIX}${KIND}([0-9A-Za-z]{${ID_DIGITS}})([0-9A-Za-z]{${SECRET_DIGITS}})([0-9A-Za-z]{${SUM_DIGITS}})$`,
)

/**
 * A new API key: `twohop_sk_`, 16 characters of id, 43 of secret, 6 of checksum (CRC-32 of all before it, in base62).
 * As GitHub's tokens have it (github.blog/2021-04-05-behind-githubs-new-authentication-token-formats): a scanner finds
 * one by its prefix and knows by the sum, without asking anybody, that it is no accident; underscores, so that a
 * double click selects all of it.
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
 * Reads an API key by its form and checksum alone: no store is asked, so made-up ones cost nothing.
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

/** Takes API keys beside tokens: by its prefix a bearer token goes to one or the other, never to both. */
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

/** Bytes from 248 on are dropped: 248 is 4 times 62, so that every digit is as likely. */
function randomDigits(count: number, random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  let digits = ''
  while (digits.length < count)
    for (const byte of random(new Uint8Array(count)))
      if (byte < 248 && digits.length < count) digits += DIGITS.charAt(byte % 62)
  return digits
}
