import { TwohopError } from '../../shared/errors.ts'
import { sha256Hex } from '../../shared/hex.ts'
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
/** One made-up key in 62^6, 57 thousand million, has the right sum. */
const SUM_DIGITS = 6
const SUMS = 62n ** BigInt(SUM_DIGITS)
const FORM = new RegExp(
  `^${PREFIX}${KIND}([0-9A-Za-z]{${ID_DIGITS}})([0-9A-Za-z]{${SECRET_DIGITS}})([0-9A-Za-z]{${SUM_DIGITS}})$`,
)

const utf8 = new TextEncoder()

type Options = {
  /** Secrets of the checksum. The first makes keys; the sum of any one is accepted, so that it can be replaced. */
  secrets: readonly string[]
  /** Fills an array with random bytes, as crypto.getRandomValues does. */
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array
}

/** Makes API keys, and tells them from what somebody made up. */
export type ApiKeyForm = {
  make(): Promise<PresentedApiKey & { key: string }>
  /**
   * Reads an API key by its form and checksum alone. No store is asked, so made-up keys cost nothing.
   * @returns its id and the SHA-256 of its secret; the secret itself goes no further
   * @throws TwohopError key_invalid
   */
  parse(key: string): Promise<PresentedApiKey>
}

/**
 * The form of API keys: `twohop_sk_`, 16 characters of id, 43 of secret, 6 of checksum. The checksum is the HMAC-SHA-256
 * of all before it under the edge's secret, its first 64 bits in base62, the last 6 digits. The form follows GitHub's
 * tokens (github.blog/2021-04-05-behind-githubs-new-authentication-token-formats): a scanner finds a key by its prefix,
 * and the underscores let a double click select the whole key. GitHub's sum is public. Ours has a secret, because who
 * could make keys of the right form could have each one looked up in the store.
 */
export function createApiKeyForm({ secrets, random }: Options): ApiKeyForm {
  let macs: Promise<CryptoKey[]> | undefined

  /** The checksum of a key's other characters by each secret. */
  async function sumsOf(body: string): Promise<string[]> {
    // Not at start: a worker may not compute before its first request.
    macs ??= Promise.all(secrets.map(macKey))
    return Promise.all(
      (await macs).map(async (mac) => {
        const digest = await crypto.subtle.sign('HMAC', mac, utf8.encode(body))
        return digitsOf(new DataView(digest).getBigUint64(0) % SUMS)
      }),
    )
  }

  return {
    async make() {
      const digits = randomDigits(ID_DIGITS + SECRET_DIGITS, random)
      const body = `${PREFIX}${KIND}${digits}`
      const [sum = ''] = await sumsOf(body)
      const made = await presented(digits.slice(0, ID_DIGITS), digits.slice(ID_DIGITS))
      return { ...made, key: body + sum }
    },

    async parse(key) {
      const [, id, secret, sum] = FORM.exec(key) ?? []
      if (id === undefined || secret === undefined || sum === undefined) throw noKey()
      const sums = await sumsOf(key.slice(0, -SUM_DIGITS))
      if (!sums.some((ours) => isSame(ours, sum))) throw noKey()
      return presented(id, secret)
    },
  }
}

/** What may be shown of a key, so that its owner can tell which one it is. */
export const shownPrefix = (id: string) => `${PREFIX}${KIND}${id}`

/** Accepts API keys besides tokens. The prefix decides which of the two a bearer token is checked as, never both. */
export function withApiKeys(verifyToken: VerifyToken, { parse }: Pick<ApiKeyForm, 'parse'>): Authenticate {
  return async function authenticate(credential) {
    return credential.startsWith(PREFIX) ? parse(credential) : verifyToken(credential)
  }
}

const noKey = () =>
  new TwohopError('key_invalid', 'This is no API key of this service: it is cut off, mistyped or made up.')

async function presented(id: string, secret: string): Promise<PresentedApiKey> {
  return { issuer: 'key', id, secretHash: await sha256Hex(secret) }
}

const macKey = (secret: string) =>
  crypto.subtle.importKey('raw', utf8.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])

/** Compares two sums in the same time, wherever they differ: a guesser must not find digit after digit. */
function isSame(ours: string, theirs: string): boolean {
  let differing = ours.length ^ theirs.length
  for (let i = 0; i < ours.length; i++) differing |= ours.charCodeAt(i) ^ theirs.charCodeAt(i)
  return differing === 0
}

function digitsOf(sum: bigint): string {
  let [rest, digits] = [sum, '']
  for (let i = 0; i < SUM_DIGITS; i++) {
    digits = DIGITS.charAt(Number(rest % 62n)) + digits
    rest /= 62n
  }
  return digits
}

/** Random base62 digits. Bytes from 248 (4 times 62) on are dropped, so that every digit is equally likely. */
function randomDigits(count: number, random: Options['random']): string {
  let digits = ''
  while (digits.length < count)
    for (const byte of random(new Uint8Array(count)))
      if (byte < 248 && digits.length < count) digits += DIGITS.charAt(byte % 62)
  return digits
}
