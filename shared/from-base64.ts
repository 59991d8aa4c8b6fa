/**
 * The bytes of a text in base64. `Uint8Array.from(atob(text), …)` would first make a list of all characters, which takes many times
 * the room of the bytes.
 * @throws DOMException where it is no base64
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

/** Bytes that are put into one call. More arguments than an engine takes would throw. */
const PART = 8192

/** Bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += PART)
    binary += String.fromCharCode(...bytes.subarray(at, at + PART))
  return btoa(binary)
}
