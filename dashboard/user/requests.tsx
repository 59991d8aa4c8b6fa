import { Requests as Shape } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { DataTable } from '../parts/data-table.tsx'
import { counted, took } from '../parts/numbers.ts'
import { Loaded } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { usePolled } from '../parts/use-polled.ts'

/** The newest requests: what they were and what they cost, and nothing of what was said. */
export function Requests() {
  const api = useApi()
  const requests = usePolled(
    (signal) => api.ask('/v1/usage/requests?limit=50', Shape, { signal }),
    'requests',
  )
  return (
    <Loaded of={requests} isEmpty={({ data }) => data.length === 0} empty="There are none yet.">
      {({ data }) => (
        <DataTable
          caption="The newest requests"
          rows={data}
          keyOf={({ id }) => id}
          columns={[
            { head: 'When', cell: ({ at }) => <Time at={at} /> },
            { head: 'Model', cell: ({ model }) => model },
            { head: 'Task', cell: ({ task }) => task },
            { head: 'Outcome', cell: ({ outcome }) => outcome },
            { head: 'Prompt', cell: ({ prompt_tokens }) => counted(prompt_tokens), number: true },
            { head: 'Output', cell: ({ output_tokens }) => counted(output_tokens), number: true },
            { head: 'Units', cell: ({ units }) => counted(units), number: true },
            { head: 'Took', cell: ({ ms }) => (ms === null ? '' : took(ms)), number: true },
            { head: 'Id', cell: ({ id }) => <code>{id}</code> },
          ]}
        />
      )}
    </Loaded>
  )
}
