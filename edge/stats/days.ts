import type { Day, Span } from './port.ts'

const DAY_MS = 86_400_000

/** The UTC day of a time in milliseconds since the epoch; empty for a time that there is not. */
export const dayOf = (ms: number): Day => (Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : '')

/** How many days a span has; none or less where it ends before it begins. */
export const lengthOf = ({ from, to }: Span): number => (Date.parse(to) - Date.parse(from)) / DAY_MS + 1

/** The day that is so many days away. */
export const dayFrom = (day: Day, days: number): Day => dayOf(Date.parse(day) + days * DAY_MS)

/** The days of a span, in order. */
export function daysOf(span: Span): Day[] {
  return Array.from({ length: Math.max(0, lengthOf(span)) }, (_, i) => dayFrom(span.from, i))
}

/** The months that a span touches, in order, such as `2026-11`. */
export function monthsOf(span: Span): string[] {
  return [...new Set(daysOf(span).map((day) => day.slice(0, 7)))]
}
