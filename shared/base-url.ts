/** A service's address without slashes at its end, so that a path can follow it. */
export function baseUrl(address: string): string {
  return address.replace(/\/+$/, '')
}
