import { Cost, type Outlook } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { DataTable } from '../parts/data-table.tsx'
import { counted } from '../parts/numbers.ts'
import { Loaded } from '../parts/states.tsx'
import { usePolled } from '../parts/use-polled.ts'

/** This month so far, and what it costs, beside what `twohop cost` has forecast. */
export function ThisMonth() {
  const api = useApi()
  const cost = usePolled((signal) => api.ask('/v1/admin/cost', Cost, { signal }), 'cost')
  return (
    <>
      <h2 id="month">This month</h2>
      <Loaded of={cost}>
        {({ used, forecast, outlook }) =>
          forecast && outlook ? (
            <BesideForecast rows={outlook} combination={forecast.combination} />
          ) : (
            <p class="quiet">
              {counted(used.requests)} requests and {counted(used.units)} units so far. There is no forecast
              to compare with: put what <code>npx twohop cost --forecast --combination …</code> prints into
              COST_FORECAST.
            </p>
          )
        }
      </Loaded>
    </>
  )
}

const NAMES = {
  requests: 'Requests',
  prompt_tokens: 'Prompt tokens',
  output_tokens: 'Output tokens',
  usd: 'Cost, about',
} as const
const money = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' })
const shown = (what: Outlook['what'], value: number) =>
  what === 'usd' ? money.format(value) : counted(Math.round(value))

function BesideForecast({ rows, combination }: { rows: readonly Outlook[]; combination: string }) {
  const cost = rows.find(({ what }) => what === 'usd')
  const column = (head: string, name: Exclude<keyof Outlook, 'what'>) => ({
    head,
    cell: (row: Outlook) => shown(row.what, row[name]),
    number: true as const,
  })
  return (
    <>
      {cost && (
        <p>
          About <strong>{money.format(cost.so_far)}</strong> so far, of {money.format(cost.due)} that were
          forecast up to now{cost.so_far > cost.due * 1.5 && <strong>: half as much again, or more</strong>}.
        </p>
      )}
      <DataTable
        caption={`Beside the forecast of ${combination}`}
        rows={rows}
        keyOf={({ what }) => what}
        columns={[
          { head: 'What', cell: ({ what }) => NAMES[what] },
          column('So far', 'so_far'),
          column('Forecast up to now', 'due'),
          column('The month, at this rate', 'at_this_rate'),
          column('Forecast', 'forecast'),
        ]}
      />
      <p class="quiet">
        At this rate: what there is so far, and for the rest of the month what the last seven days bring.
      </p>
    </>
  )
}
