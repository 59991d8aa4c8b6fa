/**
 * The client's address where proxies of one's own stand before the edge. Each appends to X-Forwarded-For the address that
 * it heard from, so the client's is the `proxies`-th from the end. What stands before that may be the client's own words.
 * @param connected the address at the other end of the connection
 * @param proxies how many proxies there are; 0 where clients connect themselves
 */
export function clientAddress(
  forwardedFor: string | null,
  connected: string | undefined,
  proxies: number,
): string | undefined {
  if (proxies === 0) return connected
  const address = forwardedFor?.split(',').at(-proxies)?.trim()
  return address || connected
}
