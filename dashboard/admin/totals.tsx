import { useMemo, useState } from 'preact/hooks'
import { Stats, type StatsDay } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { Cards } from '../parts/cards.tsx'
import { Chart } from '../parts/chart.tsx'
import { Choice } from '../parts/choice.tsx'
import { dayName, lastDays, type SPANS } from '../parts/days.ts'
import { seriesOf } from '../parts/stacked.ts'
import { Loaded } from '../parts/states.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { DAYS_OR_MONTHS, MONTH_VALUES, Months, ofMonth } from '../user/months.tsx'
import { DayTables } from './day-tables.tsx'
import { ThisMonth } from './this-month.tsx'

const VALUES = {
  units: 'Units',
  requests: 'Requests',
  failed: 'Failed requests',
  prompt_tokens: 'Prompt tokens',
  output_tokens: 'Output tokens',
} as const
type Value = keyof typeof VALUES
const VALUE_NAMES = [
  'units',
  'requests',
  'failed',
  'prompt_tokens',
  'output_tokens',
] as const satisfies Value[]

/** All accounts together, by day or month, and by model. */
export function Totals() {
  const [span, setSpan] = useState<keyof typeof DAYS_OR_MONTHS>('30')
  const [value, setValue] = useState<Value>('units')
  return (
    <>
      <div class="row">
        {span === 'months' ? (
          <Choice label="Show" of={MONTH_VALUES} value={ofMonth(value)} onChange={setValue} />
        ) : (
          <Choice label="Show" of={VALUES} value={value} onChange={setValue} />
        )}
        <Choice label="Of" of={DAYS_OR_MONTHS} value={span} onChange={setSpan} />
      </div>
      {span === 'months' ? (
        <Months path="/v1/admin/months" value={ofMonth(value)} />
      ) : (
        <ByDay count={span} value={value} />
      )}
      <ThisMonth />
    </>
  )
}

function ByDay({ count, value }: { count: keyof typeof SPANS; value: Value }) {
  const api = useApi()
  const days = useMemo(() => lastDays(Number(count), Date.now()), [count])
  const path = `/v1/admin/stats?from=${days[0]}&to=${days.at(-1)}`
  const stats = usePolled((signal) => api.ask(path, Stats, { signal }), path)
  return (
    <>
      <Loaded
        of={stats}
        isEmpty={(found) => found.days.length === 0}
        empty="Nobody asked for anything in these days."
      >
        {(found) => (
          <>
            <Sums days={found.days} />
            <StatsChart found={found.days} days={days} value={value} />
            <OneDay days={found.days} />
          </>
        )}
      </Loaded>
      <p class="quiet">Days begin at midnight UTC.</p>
    </>
  )
}

function Sums({ days }: { days: readonly StatsDay[] }) {
  const models = days.flatMap((day) => day.models)
  return (
    <Cards
      of={VALUE_NAMES.map((name) => [VALUES[name], models.reduce((sum, model) => sum + model[name], 0)])}
    />
  )
}

type ChartProps = { found: readonly StatsDay[]; days: readonly string[]; value: Value }

function StatsChart({ found, days, value }: ChartProps) {
  const { places, series } = useMemo(() => {
    const rows = found.flatMap(({ date, models }) => models.map((model) => ({ ...model, date })))
    return {
      places: days.map(dayName),
      series: seriesOf(rows, days, {
        place: ({ date }) => date,
        name: ({ model }) => model,
        value: (row) => row[value],
      }),
    }
  }, [found, days, value])
  return <Chart title={`${VALUES[value]} a day, by model`} places={places} series={series} />
}

function OneDay({ days }: { days: readonly StatsDay[] }) {
  const [chosen, setChosen] = useState('')
  const latest = days.toSorted((a, b) => (a.date < b.date ? 1 : -1))
  const day = latest.find(({ date }) => date === chosen) ?? latest[0]
  if (!day) return null
  const names = Object.fromEntries(latest.map(({ date }) => [date, dayName(date)]))
  return (
    <>
      <h2>One day</h2>
      <div class="row">
        <Choice label="Day" of={names} value={day.date} onChange={setChosen} />
      </div>
      <DayTables day={day} />
    </>
  )
}
