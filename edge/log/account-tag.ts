import { base64url } from 'jose'
import { toHex } from '../../shared/hex.ts'

/** Hex digits of a tag: 64 bits, so that among a million accounts no two are likely to share one. */
const DIGITS = 16

/** The purpose of tags that stand for networks in anomaly scores. */
export const NETWORK = 'twohop anomaly network'

const utf8 = new TextEncoder()

/**
 * Turns accounts' names into tags for the log. Lines of one account have the same tag, and the tag does not reveal the
 * account.
 *
 * A tag is a truncated HMAC-SHA-256, under a key derived by HKDF-SHA-256 from the edge's private key of service tokens.
 * A plain hash would not do: an account's name may be an e-mail address or a number that its owner chose, so a reader
 * of the log could try them all. All edges of a deployment make the same tags, until that key is replaced. To find the
 * account itself, look up the line's request id in the ledger.
 * @param d the private part of the key's JWK
 * @param purpose what the tags are for: those for one purpose tell nothing of another's
 */
export function createAccountTag(
  d: string,
  purpose = 'twohop log account',
): (account: string) => Promise<string> {
  let key: Promise<CryptoKey> | undefined

  async function derive(): Promise<CryptoKey> {
    const secret = new Uint8Array(base64url.decode(d))
    const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
    const info = utf8.encode(purpose)
    const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
    const derived = { name: 'HMAC', hash: 'SHA-256', length: 256 }
    return crypto.subtle.deriveKey(how, base, derived, false, ['sign'])
  }

  return async function accountTag(account) {
    // Not at start: a worker may not compute before its first request.
    key ??= derive()
    return toHex(await crypto.subtle.sign('HMAC', await key, utf8.encode(account))).slice(0, DIGITS)
  }
}
