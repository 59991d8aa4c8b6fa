import { useMemo } from 'preact/hooks'
import { Months as Shape } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { Chart } from '../parts/chart.tsx'
import { monthName, monthsOf, SPANS } from '../parts/days.ts'
import { seriesOf } from '../parts/stacked.ts'
import { Loaded } from '../parts/states.tsx'
import { usePolled } from '../parts/use-polled.ts'

export const MONTH_VALUES = {
  units: 'Units',
  requests: 'Requests',
  prompt_tokens: 'Prompt tokens',
  output_tokens: 'Output tokens',
} as const
export type MonthValue = keyof typeof MONTH_VALUES

/** By day, as far back as the edge has days, or by month, as far back as its ledger goes. */
export const DAYS_OR_MONTHS = { ...SPANS, months: '24 months' } as const

/** What is shown by month for what is shown by day: the ledger's sums do not say how many failed. */
export const ofMonth = (value: MonthValue | 'failed'): MonthValue => (value === 'failed' ? 'requests' : value)

/** What was used in each month, by the ledger. @param path of the route that says it */
export function Months({ path, value }: { path: string; value: MonthValue }) {
  const api = useApi()
  const months = usePolled((signal) => api.ask(path, Shape, { signal }), path)
  return (
    <Loaded
      of={months}
      isEmpty={({ months: rows }) => rows.length === 0}
      empty="Nothing was used in these months."
    >
      {(found) => <MonthChart {...found} value={value} />}
    </Loaded>
  )
}

type Props = { from: string; to: string; months: readonly Row[]; value: MonthValue }
type Row = { month: string; model: string } & Record<MonthValue, number>

function MonthChart({ from, to, months, value }: Props) {
  const { places, series } = useMemo(() => {
    const all = monthsOf(from, to)
    const of = {
      place: ({ month }: Row) => month,
      name: ({ model }: Row) => model,
      value: (row: Row) => row[value],
    }
    return { places: all.map(monthName), series: seriesOf(months, all, of) }
  }, [from, to, months, value])
  return (
    <Chart title={`${MONTH_VALUES[value]} a month, by model`} places={places} series={series} place="Month" />
  )
}
