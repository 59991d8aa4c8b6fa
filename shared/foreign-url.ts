/** Names of this machine, as the URL standard writes them (RFC 6761, section 6.3). */
const LOOPBACK_NAME = /^(?:.+\.)?localhost\.?$/
const LOOPBACK_ADDRESS = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
/** Names that the public DNS does not have (RFC 6762, RFC 8375, ICANN). Clouds have their metadata under `internal`. */
const PRIVATE_NAME = /\.(?:internal|local|localdomain|home\.arpa|onion)\.?$/

/** Whether an address lies on this machine itself. Other forms of it (`127.1`, `2130706433`) are written anew by URL. */
export function isLoopbackUrl(address: string): boolean {
  const hostname = URL.parse(address)?.hostname ?? ''
  return LOOPBACK_NAME.test(hostname) || LOOPBACK_ADDRESS.test(hostname)
}

/**
 * Whether prompts and a key may be sent to this address of somebody else: over TLS, to a name of the public DNS or a
 * public address (registries: iana.org/assignments/iana-ipv4-special-registry, and ipv6). URL has written every other
 * form of an address anew: decimal, octal, hexadecimal, shortened. Where a name leads to is not looked up.
 */
export function isForeignUrl(address: string): boolean {
  const url = URL.parse(address)
  if (url?.protocol !== 'https:') return false
  const { hostname } = url
  if (hostname.startsWith('[')) return isPublicIPv6(hostname.slice(1, -1))
  const [, ...parts] = IPV4.exec(hostname) ?? []
  if (parts.length > 0) return isPublicIPv4(parts.map(Number))
  return /[^.]\.[^.]/.test(hostname) && !LOOPBACK_NAME.test(hostname) && !PRIVATE_NAME.test(hostname)
}

function isPublicIPv4([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false
  if (a === 100) return b < 64 || b > 127
  if (a === 169) return b !== 254
  if (a === 172) return b < 16 || b > 31
  if (a === 192) return !(b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99))
  if (a === 198) return !(b === 18 || b === 19 || (b === 51 && c === 100))
  return !(a === 203 && b === 0 && c === 113)
}

/**
 * Of IPv6 only global unicast, 2000::/3, is public; in it, what carries an IPv4 address (Teredo, 6to4) and what is for
 * benchmarks and documents is not.
 */
function isPublicIPv6(address: string): boolean {
  const [first = '', second = ''] = address.split(':')
  const high = Number.parseInt(first || '0', 16)
  const low = Number.parseInt(second || '0', 16)
  if (high < 0x2000 || high > 0x3fff || high === 0x2002) return false
  return !(high === 0x2001 && (low < 0x200 || low === 0xdb8)) && !(high === 0x3fff && low < 0x1000)
}
