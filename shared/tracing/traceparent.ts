import { toHex } from '../hex.ts'

/** Somebody's span, as another process hears of it: ids in hex, 32 and 16 digits. */
export type TraceParent = {
  traceId: string
  spanId: string
  /** Whether its trace is kept. Whoever goes on with it keeps to that. */
  sampled: boolean
}

/**
 * Version 00 (w3.org/TR/trace-context, section 3.2), and what a later version begins with: it may have more fields. `ff` is
 * no version, and no id is all zeros.
 */
const FORM = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
/** The longest header that is looked at, in characters. */
const LONGEST = 256
const SAMPLED = 1

/** A header `traceparent`; undefined for one that does not fit its form, which is then ignored as the standard asks. */
export function parseTraceparent(header: string | null | undefined): TraceParent | undefined {
  if (header === null || header === undefined || header.length > LONGEST) return undefined
  const [, version, traceId = '', spanId = '', flags = '', more] = FORM.exec(header) ?? []
  if (version === undefined || (version === '00' && more !== undefined)) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 }
}

/** The header for a call made within a span, in version 00. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

/** A span that nobody keeps, with ids of its own. */
export function unsampled(): TraceParent {
  const digits = toHex(crypto.getRandomValues(new Uint8Array(24)).buffer)
  return { traceId: digits.slice(0, 32), spanId: digits.slice(32), sampled: false }
}
