const DAY_MS = 86_400_000

/** A moment's day in UTC, as the edge counts days: 2026-11-29. */
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)

/** The last so many days up to now, the oldest first. */
export function lastDays(count: number, nowMs: number): string[] {
  return Array.from({ length: count }, (_, index) => dayOf(nowMs - (count - 1 - index) * DAY_MS))
}

const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', timeZone: 'UTC' })

/** A day as people read it: Nov 29. */
export const dayName = (day: string) => DAY.format(new Date(`${day}T00:00:00Z`))

/** How many days can be looked at: the edge gives at most the last one. */
export const SPANS = { '7': '7 days', '30': '30 days', '92': '92 days' } as const
