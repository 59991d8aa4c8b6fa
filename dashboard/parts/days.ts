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

/** The months from one to another, both included, the oldest first: 2026-11. */
export function monthsOf(from: string, to: string): string[] {
  const months: string[] = []
  for (let [year = 0, month = 1] = from.split('-').map(Number); ; ) {
    const name = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}`
    if (name > to) return months
    months.push(name)
    month++
    if (month > 12) [year, month] = [year + 1, 1]
  }
}

const MONTH = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', timeZone: 'UTC' })

/** A month as people read it: Nov 2026. */
export const monthName = (month: string) => MONTH.format(new Date(`${month}-01T00:00:00Z`))
