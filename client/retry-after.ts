/** Seconds of a `Retry-After`, which is a number or a date (RFC 9110, section 10.2.3); undefined where it is neither. */
export function retryAfterSeconds(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const seconds = Number(value)
  const wait = Number.isFinite(seconds) ? seconds : Math.ceil((Date.parse(value) - Date.now()) / 1000)
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined
}
