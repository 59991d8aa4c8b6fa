import * as z from 'zod'
import type { Fetch } from '../../shared/fetch.ts'

/** Headers that the edge writes itself, or that say how a body is framed. */
const OWN = new Set(
  'authorization connection content-encoding content-length content-type cookie expect host te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
)
/** A header's name (RFC 9110, section 5.1), and a value that no line can be added to. */
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]{0,4000}[\x21-\x7e])?$/
const MOST = 10

/**
 * `HOST_HEADERS`: what a door before the host asks for, such as the service token of Cloudflare Access. One rule covers
 * the whole, so that no complaint names a property: if the two sides were swapped, the secret stands there.
 */
export const HostHeaders = z
  .record(z.string(), z.unknown())
  .refine(
    (headers): headers is Record<string, string> =>
      Object.keys(headers).length <= MOST &&
      Object.entries(headers).every(
        ([name, value]) =>
          NAME.test(name) && !OWN.has(name.toLowerCase()) && typeof value === 'string' && VALUE.test(value),
      ),
    `must be at most ${MOST} headers that the edge does not write itself, each with a text`,
  )

/** `fetch` for calls to the host, with those headers added to each. */
export function withHostHeaders(fetch: Fetch, added: Readonly<Record<string, string>> | undefined): Fetch {
  if (added === undefined) return fetch
  // A header's name has no case, and two of one name would both be sent.
  const lower = Object.fromEntries(Object.entries(added).map(([name, value]) => [name.toLowerCase(), value]))
  return (url, sent) => fetch(url, { ...sent, headers: { ...sent.headers, ...lower } })
}
