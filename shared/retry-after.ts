import { secondsOfWait } from './seconds.ts'

/** How a date of HTTP begins, in each of its forms. `Date.parse` takes much for a date that is none. */
const A_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/

/**
 * Seconds of a `Retry-After`, which is a number or a date (RFC 9110, section 10.2.3). A fraction is read too, because vendors send
 * it. The client reads one by itself (client/retry-after.ts), as it imports nothing.
 * @param now milliseconds since the epoch
 * @returns 0 for a date that is over; undefined for no header, and for what is neither
 */
export function retryAfterSeconds(value: string | null, now = Date.now()): number | undefined {
  if (value === null) return undefined
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value)
  // One of the forms leaves the zone out, which is GMT in all of them.
  const at = A_DATE.test(value) ? Date.parse(value.endsWith('GMT') ? value : `${value} GMT`) : Number.NaN
  return Number.isNaN(at) ? undefined : secondsOfWait(at - now)
}
