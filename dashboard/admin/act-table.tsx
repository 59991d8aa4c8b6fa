import type { Act } from '../api/shapes.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Time } from '../parts/time.tsx'
import { accountLink } from './account-link.ts'

/** Acts of administration, as the log has them. */
export function ActTable({ caption, rows }: { caption: string; rows: readonly Act[] }) {
  return (
    <DataTable
      caption={caption}
      rows={rows}
      keyOf={({ id }) => id}
      columns={[
        { head: 'When', cell: ({ at }) => <Time at={at} /> },
        { head: 'What', cell: ({ action }) => action },
        {
          head: 'On',
          // A key has no page.
          cell: ({ target }) => (target.includes(':') ? <a href={accountLink(target)}>{target}</a> : target),
        },
        { head: 'By', cell: ({ actor }) => actor },
        { head: 'Reason', cell: ({ reason }) => reason ?? '' },
        { head: 'Detail', cell: ({ detail }) => <code>{JSON.stringify(detail)}</code> },
      ]}
    />
  )
}
