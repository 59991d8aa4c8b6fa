import { useState } from 'preact/hooks'
import { Account, AccountUsage, Log } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { counted } from '../parts/numbers.ts'
import { Loaded } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { Budgets } from '../user/budgets.tsx'
import { Months } from '../user/months.tsx'
import { ActTable } from './act-table.tsx'
import { Acts } from './acts.tsx'
import { Scores } from './scores.tsx'

/** One account: what it used, what was done to it, and what can be done. */
export function AccountView({ id }: { id: string }) {
  const api = useApi()
  const path = `/v1/admin/accounts/${encodeURIComponent(id)}`
  const account = usePolled((signal) => api.ask(path, Account, { signal }), path)
  const usage = usePolled((signal) => api.ask(`${path}/usage`, AccountUsage, { signal }), `${path}/usage`)
  const about = `/v1/admin/audit?${new URLSearchParams({ target: id, limit: '20' })}`
  const log = usePolled((signal) => api.ask(about, Log, { signal }), about)
  function reload() {
    for (const each of [account, usage, log]) each.reload()
  }
  return (
    <>
      <p>
        <code>{id}</code>
      </p>
      <Loaded of={account}>
        {(found) => (
          <>
            <p>
              {found.status === 'suspended' ? <strong>Suspended.</strong> : 'Active.'} Plan{' '}
              {found.plan ?? 'as its token says'}
              {found.billing_day !== null && `, month from day ${found.billing_day} on`}.{' '}
              {found.extra && (
                <>
                  {counted(found.extra.units)} units granted until <Time at={found.extra.until} />.
                </>
              )}
            </p>
            <Scores of={found} />
            <Acts account={found} onDone={reload} />
          </>
        )}
      </Loaded>
      <h2>Usage</h2>
      <Loaded of={usage}>
        {({ units, concurrent, requests }) => (
          <>
            <Budgets units={units} />
            <p>
              {counted(requests.this_minute)} requests this minute, {counted(concurrent.running)} running now.
            </p>
          </>
        )}
      </Loaded>
      <ByMonth id={id} />
      <h2>What was done to it</h2>
      <Loaded of={log} isEmpty={({ data }) => data.length === 0} empty="Nothing.">
        {({ data }) => <ActTable caption="Acts on this account" rows={data} />}
      </Loaded>
    </>
  )
}

/** The ledger is asked only by who opens it. */
function ByMonth({ id }: { id: string }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>By month</summary>
      {isOpen && <Months path={`/v1/admin/months?${new URLSearchParams({ account: id })}`} value="units" />}
    </details>
  )
}
