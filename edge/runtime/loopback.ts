/** Whether a literal address is one of this machine alone. A name is none: what it means may change. */
export function isLoopback(address: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|::1|\[::1\]|::ffff:127(?:\.\d{1,3}){3})$/.test(address)
}

/** Headers that proxies and tunnels add, so that one of them shows that a request came from elsewhere. */
const FORWARDED = ['forwarded', 'via', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'fly-client-ip']

/**
 * Whether a request comes from this machine, and through nothing that would bring it from elsewhere: a tunnel to a port
 * of this machine connects from here too, and a page can have its own name resolve to here.
 * @param connected the address at the other end of the connection
 */
export function isLocalRequest(request: Request, connected: string | undefined): boolean {
  const { hostname } = new URL(request.url)
  const names = [...request.headers.keys()]
  return (
    connected !== undefined &&
    isLoopback(connected) &&
    (hostname === 'localhost' || isLoopback(hostname)) &&
    !names.some((name) => name.startsWith('x-forwarded-') || FORWARDED.includes(name))
  )
}
