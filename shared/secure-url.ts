import * as z from 'zod'

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Whether a secret may be sent to this address and a key fetched from it: over TLS, or on this machine itself. */
export function isSecureUrl(address: string | URL): boolean {
  const url = typeof address === 'string' ? URL.parse(address) : address
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

const PRIVATE_IPV4 =
  /^(?:10(?:\.\d{1,3}){3}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}|192\.168(?:\.\d{1,3}){2})$/
/** Unique local addresses (RFC 4193), fc00::/7. */
const PRIVATE_IPV6 = /^\[f[cd][0-9a-f]{2}:/
/** Names that the public DNS does not have: without a dot, and those kept for private networks (RFC 6762, RFC 8375, ICANN). */
const PRIVATE_NAME = /^[a-z0-9_-]*[a-z_-][a-z0-9_-]*$|^.+\.(?:internal|local|home\.arpa)$/

/**
 * Whether the second hop may go there: over TLS, or within this machine or a private network. Its tokens are good for
 * seconds, once, and for one body; but the body is somebody's prompt.
 */
export function isPrivateOrSecureUrl(address: string): boolean {
  const url = URL.parse(address)
  if (!url || isSecureUrl(url)) return url !== null
  const { protocol, hostname } = url
  return (
    protocol === 'http:' && [PRIVATE_IPV4, PRIVATE_IPV6, PRIVATE_NAME].some((form) => form.test(hostname))
  )
}

/** A variable with the address of a host: its paths are put behind it, so nothing else may stand there. */
export const HostUrl = z
  .url()
  .refine(
    (text) => !URL.canParse(text) || isPrivateOrSecureUrl(text),
    'must begin with https:// (http:// is for loopback and private networks only)',
  )
  .refine((text) => {
    const url = URL.parse(text)
    return !url || `${url.username}${url.password}${url.search}${url.hash}` === ''
  }, 'must have no user name, password, ? or #')

/** A variable with such an address. fetch takes none with a user name or a password, and its complaint repeats both. */
export const SecretUrl = z
  .url()
  .refine(isSecureUrl, 'must begin with https:// (http:// is for loopback only)')
  .refine((text) => {
    const url = URL.parse(text)
    return !url || `${url.username}${url.password}` === ''
  }, 'must have no user name or password')
