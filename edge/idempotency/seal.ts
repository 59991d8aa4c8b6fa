import { base64url, type JWK } from 'jose'
import { toHex } from '../../shared/hex.ts'

type Options = {
  /** The edge's private key of service tokens, as JWK. All edges of a deployment have it, and nobody else. */
  privateKey: JWK
  /** Fills an array with random bytes. */
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array
}

/** AES-GCM's nonce (NIST SP 800-38D, section 8.2.2): random, since each record's key encrypts a few texts at most. */
const NONCE_BYTES = 12
const NO_SALT = new Uint8Array()

const utf8 = new TextEncoder()

/**
 * Makes texts unreadable without the edge's private key: gzip, then AES-256-GCM. Each id has a key of its own, derived
 * by HKDF-SHA-256 (RFC 5869) from the private key. A text opens only under the id that it was sealed with.
 * @throws TypeError when the JWK is no private key
 */
export function createSeal({ privateKey: { d }, random }: Options) {
  if (!d) throw new TypeError('answers are sealed with a private key')
  const secret = new Uint8Array(base64url.decode(d))

  async function keyOf(id: string): Promise<CryptoKey> {
    const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
    const info = utf8.encode(`twohop kept answer ${id}`)
    const derived = { name: 'HKDF', hash: 'SHA-256', salt: NO_SALT, info }
    return crypto.subtle.deriveKey(derived, base, { name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ])
  }
  const cipher = (id: string, iv: Uint8Array<ArrayBuffer>) => ({
    name: 'AES-GCM',
    iv,
    additionalData: utf8.encode(id),
  })

  return {
    /** Hex: a hash of a text that nobody can compute without the private key, so that no guess can be tried. */
    async nameOf(text: string): Promise<string> {
      const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
      const derived = { name: 'HKDF', hash: 'SHA-256', salt: NO_SALT, info: utf8.encode('twohop name') }
      const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 }
      const key = await crypto.subtle.deriveKey(derived, base, hmac, false, ['sign'])
      return toHex(await crypto.subtle.sign('HMAC', key, utf8.encode(text)))
    },

    /** base64url of nonce and ciphertext. */
    async seal(id: string, text: string): Promise<string> {
      const nonce = new Uint8Array(NONCE_BYTES)
      random(nonce)
      const packed = await through(new CompressionStream('gzip'), utf8.encode(text))
      const encrypted = await crypto.subtle.encrypt(cipher(id, nonce), await keyOf(id), packed)
      const sealed = new Uint8Array(NONCE_BYTES + encrypted.byteLength)
      sealed.set(nonce)
      sealed.set(new Uint8Array(encrypted), NONCE_BYTES)
      return base64url.encode(sealed)
    },

    /** The text; undefined where it was sealed by another key or under another id, or was not sealed. */
    async open(id: string, sealed: string): Promise<string | undefined> {
      try {
        const bytes = new Uint8Array(base64url.decode(sealed))
        const [nonce, encrypted] = [bytes.slice(0, NONCE_BYTES), bytes.slice(NONCE_BYTES)]
        const packed = await crypto.subtle.decrypt(cipher(id, nonce), await keyOf(id), encrypted)
        // Authentic, so it is no larger than what was once sealed.
        return new TextDecoder().decode(await through(new DecompressionStream('gzip'), packed))
      } catch {
        // The caller answers that the first answer is gone. That is right after a key was replaced.
        return undefined
      }
    },
  }
}

async function through(
  change: CompressionStream | DecompressionStream,
  bytes: BlobPart,
): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(change)).arrayBuffer()
}
