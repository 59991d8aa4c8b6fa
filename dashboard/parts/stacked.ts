/** One thing of which there is a value a day, or another place on the axis. */
export type Series = { name: string; values: readonly number[] }

/** The most that are shown by themselves; the style has a colour for each, and one for the rest. */
export const MOST_SERIES = 6

/** Adds up what falls on the same place and name, the largest first; beyond MOST_SERIES as "others". */
export function seriesOf<Row>(
  rows: readonly Row[],
  places: readonly string[],
  of: { place: (row: Row) => string; name: (row: Row) => string; value: (row: Row) => number },
): Series[] {
  const at = new Map(places.map((place, index) => [place, index]))
  const found = new Map<string, number[]>()
  for (const row of rows) {
    const index = at.get(of.place(row))
    if (index === undefined) continue
    const values = found.get(of.name(row)) ?? places.map(() => 0)
    values[index] = (values[index] ?? 0) + of.value(row)
    found.set(of.name(row), values)
  }
  const all = [...found].map(([name, values]) => ({ name, values })).sort((a, b) => sum(b) - sum(a))
  const rest = all.slice(MOST_SERIES)
  if (rest.length === 0) return all
  const others = places.map((_, index) => rest.reduce((total, { values }) => total + (values[index] ?? 0), 0))
  return [...all.slice(0, MOST_SERIES), { name: 'others', values: others }]
}

const sum = ({ values }: Series) => values.reduce((total, value) => total + value, 0)

/** The values on top of each other: each series with those below it. The last one is the whole. */
export function stacked(series: readonly Series[]): number[][] {
  const below: number[][] = []
  for (const { values } of series) {
    const last = below.at(-1)
    below.push(values.map((value, index) => value + (last?.[index] ?? 0)))
  }
  return below
}
