import { type Host, Hosts as Shape } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { Cards } from '../parts/cards.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { counted } from '../parts/numbers.ts'
import { Loaded } from '../parts/states.tsx'
import { usePolled } from '../parts/use-polled.ts'

type Row = { id: string; error: string | null } & Partial<Host['models'][number]>

/** What each host does right now, by model: what runs, and what waits for its turn. */
export function Hosts() {
  const api = useApi()
  const hosts = usePolled((signal) => api.ask('/v1/admin/hosts', Shape, { signal }), 'hosts')
  return (
    <>
      <Loaded of={hosts} isEmpty={({ data }) => data.length === 0} empty="There is no host of your own.">
        {({ data }) => (
          <>
            <Sums hosts={data} />
            <DataTable
              caption="Hosts, and how busy they are"
              rows={data.flatMap(rowsOf)}
              keyOf={({ id, model }) => `${id} ${model}`}
              columns={[
                { head: 'Host', cell: ({ id }) => id },
                {
                  head: 'Model',
                  cell: ({ model, error }) => model ?? (error ? notReached(error) : 'none yet'),
                },
                {
                  head: 'In memory',
                  cell: ({ resident }) => (resident === undefined ? '' : resident ? 'yes' : 'no'),
                },
                { head: 'Running', cell: ({ running }) => shown(running), number: true },
                { head: 'Waiting', cell: ({ waiting }) => shown(waiting), number: true },
                {
                  head: 'Cache in use',
                  cell: ({ cache }) => (cache == null ? '' : percent.format(cache)),
                  number: true,
                },
              ]}
            />
          </>
        )}
      </Loaded>
      <p class="quiet">
        Each look asks the hosts themselves, so it starts one that was scaled to zero. Of several behind one
        address, one answers.
      </p>
    </>
  )
}

const percent = new Intl.NumberFormat(undefined, { style: 'percent' })
const shown = (value: number | undefined) => (value === undefined ? '' : counted(value))
const notReached = (code: string) => <strong>not reached ({code})</strong>

/** A row for each model; one where there is none. */
const rowsOf = ({ id, error, models }: Host): Row[] =>
  models.length === 0 ? [{ id, error }] : models.map((model) => ({ id, error, ...model }))

function Sums({ hosts }: { hosts: readonly Host[] }) {
  const models = hosts.flatMap((host) => host.models)
  const sum = (name: 'running' | 'waiting') => models.reduce((total, model) => total + model[name], 0)
  const away = hosts.filter(({ error }) => error !== null).length
  return (
    <Cards
      of={[
        ['Running', sum('running')],
        ['Waiting', sum('waiting')],
        ['Hosts not reached', away],
      ]}
    />
  )
}
