import { useState } from 'preact/hooks'
import { Done, type Job, Jobs as Shape } from '../api/shapes.ts'
import { useApi } from '../api/use-api.ts'
import { DataTable } from '../parts/data-table.tsx'
import { LIVELY } from '../parts/next-look.ts'
import { counted } from '../parts/numbers.ts'
import { Failure, Loaded } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { usePolled } from '../parts/use-polled.ts'
import { useProgress } from './use-progress.ts'

/** The account's open jobs, and how far each is: live by the events of the first, and as the list says of all. */
export function Jobs() {
  const api = useApi()
  const jobs = usePolled((signal) => api.ask('/v1/jobs', Shape, { signal }), 'jobs', LIVELY)
  const progress = useProgress(jobs.value?.data.map(({ id }) => id) ?? [], jobs.reload)
  const [error, setError] = useState<unknown>()
  async function cancel({ id }: Job): Promise<void> {
    setError(undefined)
    try {
      await api.ask(`/v1/jobs/${encodeURIComponent(id)}`, Done, { method: 'DELETE' })
      jobs.reload()
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      <Loaded of={jobs} isEmpty={({ data }) => data.length === 0} empty="There are no open jobs.">
        {({ data }) => (
          <DataTable
            caption="Open jobs"
            rows={data.map((job) => ({ ...job, ...progress.get(job.id) }))}
            keyOf={({ id }) => id}
            columns={[
              { head: 'Taken in', cell: ({ created_at }) => <Time at={created_at} /> },
              { head: 'Model', cell: ({ model }) => model },
              { head: 'Status', cell: ({ status, cancelling }) => (cancelling ? 'cancelling' : status) },
              { head: 'Progress', cell: (job) => <Progress {...job} /> },
              { head: 'Failed', cell: ({ counts }) => counted(counts.failed), number: true },
              { head: 'Id', cell: ({ id }) => <code>{id}</code> },
              {
                head: 'Act',
                cell: (job) => (
                  <button
                    type="button"
                    class="secondary"
                    aria-label={`Cancel ${job.id}`}
                    disabled={job.cancelling}
                    onClick={() => cancel(job)}
                  >
                    Cancel
                  </button>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <p class="quiet">A job that has ended leaves this list; its results are at GET /v1/jobs/ and its id.</p>
    </>
  )
}

function Progress({ id, counts: { total, done, failed } }: Job) {
  return (
    <>
      {counted(done + failed)} of {counted(total)}
      <progress max={Math.max(1, total)} value={done + failed} aria-label={`Progress of ${id}`} />
    </>
  )
}
