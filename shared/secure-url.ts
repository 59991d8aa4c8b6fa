const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Whether a secret may be sent there, and a key fetched from there: over TLS, or to this machine itself. */
export function isSecureUrl(address: string | URL): boolean {
  const url = typeof address === 'string' ? URL.parse(address) : address
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
}
