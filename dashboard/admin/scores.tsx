import type { Account } from '../api/shapes.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Time } from '../parts/time.tsx'
import { reasonsOf } from './signs.ts'

/** How odd the use of an account's credentials was last; nothing where none is watched. */
export function Scores({ of: { anomaly, key_anomalies: keys = [] } }: { of: Account }) {
  const rows = [
    ...(anomaly ? [{ by: 'its tokens', ...anomaly }] : []),
    ...keys.map(({ key, ...score }) => ({ by: key, ...score })),
  ]
  if (rows.length === 0) return null
  return (
    <DataTable
      caption="How unusual its use was last, of 100"
      rows={rows}
      keyOf={({ by }) => by}
      columns={[
        { head: 'By', cell: ({ by }) => by },
        { head: 'Score', cell: ({ score }) => score, number: true },
        { head: 'Why', cell: ({ why }) => reasonsOf(why) },
        { head: 'Last asked', cell: ({ at }) => <Time at={at} /> },
        {
          head: 'Challenged',
          cell: ({ challenged_at }) => (challenged_at === null ? 'never' : <Time at={challenged_at} />),
        },
      ]}
    />
  )
}
