import { useState } from 'preact/hooks'
import { Anomalies, type Anomaly } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Loaded } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { accountLink } from './account-link.ts'
import { ActDialog } from './acts.tsx'
import { reasonsOf } from './signs.ts'

/** Credentials that were found to be used unusually, each with why, and with what can be done about it. */
export function Unusual() {
  const api = useApi()
  const found = usePolled((signal) => api.ask('/v1/admin/anomalies', Anomalies, { signal }), 'anomalies')
  const [acting, setActing] = useState<Anomaly>()
  const act = acting?.status === 'suspended' ? 'restore' : 'suspend'
  return (
    <>
      <Loaded
        of={found}
        isEmpty={({ data }) => data.length === 0}
        empty="Nothing was found. Plans are watched where they have abuse."
      >
        {({ data }) => <Table rows={data} onAct={setActing} />}
      </Loaded>
      {acting && (
        <ActDialog
          act={act}
          account={{ id: acting.account, plan: null }}
          onDone={found.reload}
          onClose={() => setActing(undefined)}
        />
      )}
      <p class="quiet">
        The score is the last one, 100 at most. It falls as time passes, or where an act begins it anew.
      </p>
    </>
  )
}

function Table({ rows, onAct }: { rows: readonly Anomaly[]; onAct: (row: Anomaly) => void }) {
  return (
    <DataTable
      caption="Found, the latest first"
      rows={rows}
      keyOf={({ account, key }) => `${key} ${account}`}
      columns={[
        { head: 'Found', cell: ({ found_at }) => <Time at={found_at} /> },
        { head: 'Account', cell: ({ account }) => <a href={accountLink(account)}>{account}</a> },
        { head: 'By', cell: ({ key }) => (key === null ? 'its tokens' : <>API key {key}</>) },
        { head: 'Score', cell: ({ score }) => score, number: true },
        { head: 'Why', cell: ({ why }) => reasonsOf(why) },
        { head: 'Status', cell: ({ status }) => status },
        {
          head: 'Act',
          cell: (row) => {
            const does = row.status === 'suspended' ? 'Restore' : 'Suspend'
            return (
              <button
                type="button"
                class="secondary"
                aria-label={`${does} ${row.account}`}
                onClick={() => onAct(row)}
              >
                {does}
              </button>
            )
          },
        },
      ]}
    />
  )
}
