import { useState } from 'preact/hooks'
import { Accounts as Shape } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Pager } from '../parts/pager.tsx'
import { Loaded } from '../parts/states.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { accountLink } from './account-link.ts'

/** Accounts that administration knows, by a part of their name. */
export function Accounts() {
  const api = useApi()
  const [search, setSearch] = useState('')
  const [next, setNext] = useState('')
  const query = new URLSearchParams({ search, ...(next && { next }) })
  const path = `/v1/admin/accounts?${query}`
  const accounts = usePolled((signal) => api.ask(path, Shape, { signal }), path)
  function send(event: SubmitEvent) {
    event.preventDefault()
    if (!(event.currentTarget instanceof HTMLFormElement)) return
    setNext('')
    setSearch(String(new FormData(event.currentTarget).get('search')).trim())
  }
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: the element of that role is newer than some browsers. */}
      <form onSubmit={send} role="search" class="row">
        <label>
          Part of an account's name
          <input name="search" type="search" maxLength={200} />
        </label>
        <button type="submit">Search</button>
      </form>
      <Loaded of={accounts}>
        {({ data, next: more }) => (
          <>
            {data.length === 0 && <p class="quiet">None on this page.</p>}
            {data.length > 0 && (
              <DataTable
                caption="Accounts"
                rows={data}
                keyOf={({ id }) => id}
                columns={[
                  { head: 'Account', cell: ({ id }) => <a href={accountLink(id)}>{id}</a> },
                  { head: 'Status', cell: ({ status }) => status },
                  { head: 'Plan', cell: ({ plan }) => plan ?? 'as the token says' },
                ]}
              />
            )}
            <Pager at={next} next={more} onGo={setNext} first="From the beginning" more="More" />
          </>
        )}
      </Loaded>
    </>
  )
}
