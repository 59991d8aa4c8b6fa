import * as z from 'zod'
import { hasEnded, JobRecord, type JobResult } from '../../shared/jobs/record.ts'
import { secondOf } from '../../shared/seconds.ts'
import { Prices } from '../../shared/units.ts'

const count = z.coerce.number().int().min(0)

/** A job's record, with the fields that only the edge uses, for its settlement. */
const StoredJob = JobRecord.extend({
  plan: z.string(),
  /** The model as the catalog calls it, where its host calls it otherwise, and its version. */
  called: z.string().optional(),
  version: z.string().optional(),
  /** Id of the API key, empty for a token. */
  key: z.string(),
  /** The worst case that is held, in units. */
  reserved_units: count,
  /** The model's prices when the job was taken in, as JSON. The job is charged by these. */
  prices: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(Prices),
  /** Units charged, once the job is settled. */
  units: count.optional(),
})

export type Job = z.infer<typeof StoredJob> & { id: string }

/**
 * Reads a job's record from its fields.
 * @throws ZodError where they are no job's; SyntaxError for prices that are no JSON
 */
export function jobOf(id: string, fields: Record<string, string>): Job {
  return { id, ...StoredJob.parse(fields) }
}

/** A job's model as the catalog calls it. */
export const calledOf = ({ called, model }: Pick<Job, 'called' | 'model'>): string => called ?? model

/** Some of a job's results, by index; `more` is true where there are results after them now. */
export type ResultPage = { results: (JobResult & { index: number })[]; more: boolean }

/** How far a job is. */
export function progressOf({ state, count: total, done, failed }: Job) {
  return { status: state, counts: { total, done, failed } }
}

/** A job as its account sees it; times are seconds since the epoch, as in OpenAI's API. */
export function shownJob(job: Job) {
  const { id, path, created_at, deadline, started_at, ended_at, prompt_tokens, output_tokens } = job
  const { status, counts } = progressOf(job)
  return {
    id,
    object: 'job',
    status,
    ...(job.cancel && !hasEnded(job.state) && { cancelling: true }),
    endpoint: path,
    model: calledOf(job),
    ...(job.version !== undefined && { version: job.version }),
    counts,
    created_at: secondOf(created_at),
    deadline: secondOf(deadline),
    ...(started_at !== undefined && { started_at: secondOf(started_at) }),
    ...(ended_at !== undefined && { ended_at: secondOf(ended_at) }),
    usage: { prompt_tokens, completion_tokens: output_tokens },
    ...(job.units !== undefined && { units: job.units }),
  }
}
