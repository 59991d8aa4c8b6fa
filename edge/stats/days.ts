import type { Day, Span } from './port.ts'

/** Milliseconds of a day of UTC. */
export const DAY_MS = 86_400_000

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

/** A month such as `2026-11` as a number, so that the next month has the next one. */
export function monthNumber(month: string): number {
  const [year, number] = month.split('-').map(Number)
  return (year ?? 0) * 12 + (number ?? 1) - 1
}

/** The month that is so many months away. */
export function monthFrom(month: string, months: number): string {
  const number = monthNumber(month) + months
  return `${String(Math.floor(number / 12)).padStart(4, '0')}-${String((number % 12) + 1).padStart(2, '0')}`
}

/** The share of its UTC month that has passed at a time in milliseconds since the epoch, above 0 and at most 1. */
export function elapsedOf(ms: number): number {
  const { begins, ends } = monthAt(ms)
  return Math.max(1, ms - begins) / (ends - begins)
}

/** How many days the UTC month of a time in milliseconds since the epoch has. */
export function daysOfMonth(ms: number): number {
  const { begins, ends } = monthAt(ms)
  return (ends - begins) / DAY_MS
}

function monthAt(ms: number): { begins: number; ends: number } {
  const at = new Date(ms)
  const of = (months: number) => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months)
  return { begins: of(0), ends: of(1) }
}
