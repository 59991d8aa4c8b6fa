import type { Score } from '../api/shapes.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Time } from '../parts/time.tsx'
import { reasonsOf } from './signs.ts'

/** How odd the use of an account's credentials was last; nothing where none is watched. */
export function Scores({ rows }: { rows: readonly Score[] }) {
  if (rows.length === 0) return null
  return (
    <DataTable
      caption="How unusual its use was last, of 100"
      rows={rows}
      keyOf={({ key }) => key ?? ''}
      columns={[
        { head: 'By', cell: ({ key, name }) => (key === null ? 'its tokens' : `API key ${name ?? key}`) },
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
