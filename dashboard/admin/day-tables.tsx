import type { Percentiles, StatsDay } from '../api/shapes.ts'
import { type Column, DataTable } from '../parts/data-table.tsx'
import { counted, took } from '../parts/numbers.ts'
import { accountLink } from './account-link.ts'

type Model = StatsDay['models'][number]

const percentile = (
  head: string,
  of: (row: Model) => Percentiles,
  name: 'p50' | 'p95' | 'p99',
): Column<Model> => ({
  head,
  cell: (row) => {
    const found = of(row)
    return found ? took(found[name]) : ''
  },
  number: true,
})

const COLUMNS: readonly Column<Model>[] = [
  { head: 'Model', cell: ({ model }) => model },
  { head: 'Version', cell: ({ version }) => version ?? '' },
  { head: 'Task', cell: ({ task }) => task },
  { head: 'Requests', cell: ({ requests }) => counted(requests), number: true },
  { head: 'Failed', cell: ({ failed }) => counted(failed), number: true },
  { head: 'Units', cell: ({ units }) => counted(units), number: true },
  percentile('p50', ({ ms }) => ms, 'p50'),
  percentile('p95', ({ ms }) => ms, 'p95'),
  percentile('p99', ({ ms }) => ms, 'p99'),
  percentile('First token p50', ({ first_ms }) => first_ms, 'p50'),
  percentile('First token p99', ({ first_ms }) => first_ms, 'p99'),
]

/** A day's models with how long they took, its errors, and the accounts that spent the most. */
export function DayTables({ day }: { day: StatsDay }) {
  const errors = Object.entries(day.errors).sort(([, a], [, b]) => b - a)
  return (
    <>
      <DataTable
        caption="Models, and how long their answers took"
        rows={day.models}
        keyOf={({ model, version, task }) => `${task} ${version} ${model}`}
        columns={COLUMNS}
      />
      <div class="two">
        {errors.length === 0 ? (
          <p class="quiet">No errors were answered.</p>
        ) : (
          <DataTable
            caption="Errors by their code"
            rows={errors}
            keyOf={([code]) => code}
            columns={[
              { head: 'Code', cell: ([code]) => code },
              { head: 'Times', cell: ([, times]) => counted(times), number: true },
            ]}
          />
        )}
        <DataTable
          caption="Accounts that spent the most"
          rows={day.top_accounts}
          keyOf={({ account }) => account}
          columns={[
            { head: 'Account', cell: ({ account }) => <a href={accountLink(account)}>{account}</a> },
            { head: 'Units', cell: ({ units }) => counted(units), number: true },
          ]}
        />
      </div>
    </>
  )
}
