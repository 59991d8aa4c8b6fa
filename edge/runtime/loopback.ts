/** Whether a literal address is one of this machine alone. A name is none: what it means may change. */
export function isLoopback(address: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|::1|\[::1\]|::ffff:127(?:\.\d{1,3}){3})$/.test(address)
}

/** Headers that proxies and tunnels add, so that one of them shows that a request came from elsewhere. */
const FORWARDED = ['forwarded', 'via', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'fly-client-ip']

/**
 * Whether a request comes from this machine, and through nothing that would bring it from elsewhere: a tunnel to a port
 * of this machine connects from here too, and a page can have its own name resolve to here. What passes bytes on and adds
 * nothing cannot be seen.
 * @param connected the address at the other end of the connection
 * @param version of HTTP: by 1.0 ask proxies that are told nothing else, such as nginx, which then name this machine as the
 *   host and add no header (nginx.org/en/docs/http/ngx_http_proxy_module.html, proxy_http_version)
 */
export function isLocalRequest(request: Request, connected: string | undefined, version: string): boolean {
  const { hostname } = new URL(request.url)
  const names = [...request.headers.keys()]
  return (
    version !== '1.0' &&
    connected !== undefined &&
    isLoopback(connected) &&
    (hostname === 'localhost' || isLoopback(hostname)) &&
    !names.some((name) => name.startsWith('x-forwarded-') || FORWARDED.includes(name))
  )
}
