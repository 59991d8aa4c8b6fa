import { useMemo, useState } from 'preact/hooks'
import { type Day, History, Usage as UsageShape } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { Chart } from '../parts/chart.tsx'
import { Choice } from '../parts/choice.tsx'
import { dayName, lastDays, type SPANS } from '../parts/days.ts'
import { counted, lasting } from '../parts/numbers.ts'
import { seriesOf } from '../parts/stacked.ts'
import { Loaded } from '../parts/states.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { Budgets } from './budgets.tsx'
import { DAYS_OR_MONTHS, MONTH_VALUES, Months, ofMonth } from './months.tsx'

/** What a user has left, and has used over time. */
export function Usage() {
  const api = useApi()
  const usage = usePolled((signal) => api.ask('/v1/usage', UsageShape, { signal }), 'usage')
  return (
    <>
      <Loaded of={usage}>
        {({ account, plan, requests, units }) => (
          <>
            <p>
              Plan {plan}: {counted(requests.remaining)} of {counted(requests.limit)} requests left for{' '}
              {lasting(requests.resets_in)}. Account <code>{account}</code>
            </p>
            <Budgets units={units} />
          </>
        )}
      </Loaded>
      <OverTime />
    </>
  )
}

const VALUES = { ...MONTH_VALUES, failed: 'Failed requests' } as const
type Value = keyof typeof VALUES
const BY = { model: 'model', task: 'task' } as const

function OverTime() {
  const [span, setSpan] = useState<keyof typeof DAYS_OR_MONTHS>('30')
  const [by, setBy] = useState<keyof typeof BY>('model')
  const [value, setValue] = useState<Value>('units')
  return (
    <>
      <h2>Over time</h2>
      <div class="row">
        {span === 'months' ? (
          <Choice label="Show" of={MONTH_VALUES} value={ofMonth(value)} onChange={setValue} />
        ) : (
          <Choice label="Show" of={VALUES} value={value} onChange={setValue} />
        )}
        {span !== 'months' && <Choice label="By" of={BY} value={by} onChange={setBy} />}
        <Choice label="Of" of={DAYS_OR_MONTHS} value={span} onChange={setSpan} />
      </div>
      {span === 'months' ? (
        <Months path="/v1/usage/months" value={ofMonth(value)} />
      ) : (
        <ByDay count={span} by={by} value={value} />
      )}
    </>
  )
}

type ByDayProps = { count: keyof typeof SPANS; by: keyof typeof BY; value: Value }

function ByDay({ count, by, value }: ByDayProps) {
  const api = useApi()
  const days = useMemo(() => lastDays(Number(count), Date.now()), [count])
  const path = `/v1/usage/history?from=${days[0]}&to=${days.at(-1)}`
  const history = usePolled((signal) => api.ask(path, History, { signal }), path)
  return (
    <>
      <Loaded
        of={history}
        isEmpty={({ days: found }) => found.length === 0}
        empty="Nothing was used in these days."
      >
        {({ days: found }) => <HistoryChart rows={found} days={days} value={value} by={by} />}
      </Loaded>
      <p class="quiet">Days begin at midnight UTC.</p>
    </>
  )
}

type ChartProps = { rows: readonly Day[]; days: readonly string[]; value: Value; by: 'model' | 'task' }

function HistoryChart({ rows, days, value, by }: ChartProps) {
  const { places, series } = useMemo(
    () => ({
      places: days.map(dayName),
      series: seriesOf(rows, days, {
        place: ({ date }) => date,
        name: (row) => row[by],
        value: (row) => row[value],
      }),
    }),
    [rows, days, value, by],
  )
  return <Chart title={`${VALUES[value]} a day, by ${by}`} places={places} series={series} />
}
