/** A service's address as paths are put behind it: without a slash at its end, of which people write one or none. */
export function baseUrl(address: string): string {
  return address.replace(/\/+$/, '')
}
