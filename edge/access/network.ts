/**
 * What of an address stands for whoever is behind it: of IPv4 all, of IPv6 the first 64 bits, since a household or a
 * server has at least so many addresses (RFC 6177). What is no address stands for itself, cut off.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address.slice(0, LONGEST)
  const [plain = ''] = address.toLowerCase().split('%')
  // IPv4 in the clothes of IPv6 (RFC 4291, 2.5.5.2).
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(plain)?.[1]
  if (mapped) return mapped
  const [before = '', after] = plain.split('::')
  const first = before === '' ? [] : before.split(':')
  const last = after ? after.split(':') : []
  const zeros = after === undefined ? 0 : Math.max(0, GROUPS - first.length - last.length)
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last]
  const written = groups.slice(0, GROUPS / 2).map((group) => group.slice(0, 4).replace(/^0+(?=.)/, ''))
  return `${written.join(':')}::/64`
}

const GROUPS = 8
const LONGEST = 64
