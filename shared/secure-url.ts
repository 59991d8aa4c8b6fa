import * as z from 'zod'

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Whether a secret may be sent to this address and a key fetched from it: over TLS, or on this machine itself. */
export function isSecureUrl(address: string | URL): boolean {
  const url = typeof address === 'string' ? URL.parse(address) : address
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

/** A variable with such an address. */
export const SecretUrl = z
  .url()
  .refine(isSecureUrl, 'must begin with https:// (http:// is for loopback only)')
