import { useMemo, useState } from 'preact/hooks'
import { Done, type Key, Keys as KeysShape, Models } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { AskFirst } from '../parts/ask-first.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Loaded } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { NewKey } from './new-key.tsx'
import { scopesFor } from './scopes.ts'

/** The account's API keys: those that there are, a new one, and the end of one. */
export function Keys() {
  const api = useApi()
  const keys = usePolled((signal) => api.ask('/v1/keys', KeysShape, { signal }), 'keys')
  const models = usePolled((signal) => api.ask('/v1/models', Models, { signal }), 'models')
  const scopes = useMemo(() => scopesFor(models.value?.data ?? []), [models.value])
  const [ending, setEnding] = useState<Key>()
  async function end(): Promise<void> {
    if (!ending) return
    await api.ask(`/v1/keys/${encodeURIComponent(ending.id)}`, Done, { method: 'DELETE' })
    keys.reload()
  }
  return (
    <Loaded of={keys}>
      {({ data }) => (
        <>
          {data.length === 0 ? (
            <p class="quiet">There are none yet.</p>
          ) : (
            <KeyTable rows={data} onEnd={setEnding} />
          )}
          <NewKey scopes={scopes} onMade={keys.reload} />
          {ending && (
            <AskFirst
              title={`Revoke ${ending.name}?`}
              does="Revoke it"
              onDo={end}
              onClose={() => setEnding(undefined)}
            >
              <p>
                Whatever uses <code>{ending.prefix}</code> is refused from its next request on. This cannot be
                taken back.
              </p>
            </AskFirst>
          )}
        </>
      )}
    </Loaded>
  )
}

function KeyTable({ rows, onEnd }: { rows: readonly Key[]; onEnd: (key: Key) => void }) {
  return (
    <DataTable
      caption="Keys that work"
      rows={rows}
      keyOf={({ id }) => id}
      columns={[
        { head: 'Name', cell: ({ name }) => name },
        { head: 'Key', cell: ({ prefix }) => <code>{prefix}…</code> },
        { head: 'May', cell: ({ scopes }) => scopes.join(', ') },
        { head: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
        { head: 'Ends', cell: ({ expires_at }) => <Time at={expires_at} /> },
        {
          head: 'Last used',
          cell: ({ last_used_at }) => (last_used_at === null ? 'never' : <Time at={last_used_at} />),
        },
        {
          head: 'Act',
          cell: (key) => (
            <button
              type="button"
              class="secondary"
              aria-label={`Revoke ${key.name}`}
              onClick={() => onEnd(key)}
            >
              Revoke
            </button>
          ),
        },
      ]}
    />
  )
}
