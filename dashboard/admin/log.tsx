import { useState } from 'preact/hooks'
import { Log } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { Pager } from '../parts/pager.tsx'
import { Loaded } from '../parts/states.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { ActTable } from './act-table.tsx'

/** The log of acts of administration, the latest first. */
export function LogOfActs() {
  const api = useApi()
  const [next, setNext] = useState('')
  const path = `/v1/admin/audit?${new URLSearchParams({ limit: '50', ...(next && { next }) })}`
  const log = usePolled((signal) => api.ask(path, Log, { signal }), path)
  return (
    <Loaded of={log}>
      {({ data, next: more }) => (
        <>
          {data.length === 0 ? (
            <p class="quiet">None on this page.</p>
          ) : (
            <ActTable caption="Acts, the latest first" rows={data} />
          )}
          <Pager at={next} next={more} onGo={setNext} first="The latest" more="Older" />
        </>
      )}
    </Loaded>
  )
}
