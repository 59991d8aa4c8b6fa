import { TwohopError } from '../../shared/errors.ts'
import {
  JOB_KEYS,
  JobResult,
  jobInputsKey,
  jobKey,
  jobResultsKey,
  jobStreamKey,
  jobsOfKey,
} from '../../shared/jobs/record.ts'
import { unpackVectors } from '../../shared/jobs/vectors.ts'
import { scriptCall } from '../../shared/redis-script.ts'
import {
  fieldsOf,
  listOf,
  orUnavailable,
  runScript,
  type UpstashOptions,
  upstashClient,
} from '../../shared/upstash-client.ts'
import { decisionOf } from '../budget/allowance.ts'
import { callerWords, holdWords, NOBODY } from '../budget/commands.ts'
import type { ProjectBudgets } from '../budget/port.ts'
import { allowedReply } from '../budget/refused.ts'
import type { Log } from '../log/port.ts'
import { MAX_JOB_LEASE_MS } from '../store/lifetimes.ts'
import { CANCEL_JOB } from './cancel.lua.ts'
import { DUE_JOBS } from './due.lua.ts'
import { ENQUEUE } from './enqueue.lua.ts'
import { type Job, jobOf } from './job.ts'
import { MOVED_JOB } from './moved.lua.ts'
import type { JobStore } from './port.ts'
import { READ_JOB } from './read.lua.ts'
import { SETTLED_JOB } from './settled.lua.ts'

type Options = UpstashOptions & {
  /** What the whole deployment may spend; default: no cap. */
  project?: ProjectBudgets | undefined
  /** Milliseconds since the epoch, instead of Redis's own clock. For tests only. */
  clock?: () => number
  log: Log
}

/** The most jobs of one account that are listed; the catalog allows fewer. */
const MOST_LISTED = 100
/** A script holds Redis while it runs; ending a job takes about 12 commands. */
const MOST_DUE = 100

const AWAY = 'Jobs cannot be reached right now.'

/** Jobs in Upstash Redis, over HTTP. Listing open jobs takes two round trips, every other call one. */
export function createUpstashJobs({ project = {}, clock = () => 0, log, ...options }: Options): JobStore {
  const redis = upstashClient(options)
  const insisting = upstashClient({ ...options, insists: true })
  const get = async (id: string) => recordOf(id, await redis.command('HGETALL', jobKey(id)))
  const settled = async (id: string, words: [number] | []) => {
    await runScript(insisting, scriptCall(SETTLED_JOB, [jobKey(id), JOB_KEYS.ended], [id, ...words]))
  }

  async function readable(id: string, reply: unknown): Promise<Job | undefined> {
    try {
      return recordOf(id, reply)
    } catch (error) {
      await log('error', 'job_unreadable', { requestId: id, error })
      return undefined
    }
  }

  return {
    async enqueue({ reserve, record, deadline, inputs, bytes }) {
      const { keys: redisKeys, args } = holdWords(reserve, project, clock(), MAX_JOB_LEASE_MS)
      const { requestId: id, units, limits } = reserve
      const fields = Object.entries({ ...record, held_bytes: String(bytes.held) }).flat()
      const call = scriptCall(
        ENQUEUE,
        [...redisKeys, jobKey(id), jobInputsKey(id), jobStreamKey(record.model), JOB_KEYS.open],
        [...args, deadline, bytes.held, bytes.ofAccount, bytes.ofAll, fields.length, ...fields, ...inputs],
      )
      // A job holds nothing of the minute's budget, so that budget never refuses it.
      const judged = { ...limits, budgets: { ...limits.budgets, minute: Number.POSITIVE_INFINITY } }
      const decision = await orUnavailable(async () =>
        decisionOf(await runScript(redis, call), judged, units),
      )
      if (decision === 'id_used') throw new TwohopError('internal', `The job id ${id} was used before.`)
      return decision
    },

    get: (id) => orUnavailable(() => get(id), AWAY),

    read: (id, after, most) =>
      orUnavailable(async () => {
        const call = scriptCall(READ_JOB, [jobKey(id), jobResultsKey(id)], [after, most])
        const [fields, more, ...words] = listOf(await runScript(redis, call))
        const job = recordOf(id, fields)
        if (!job) return undefined
        const results = pairsOf(words).map(([index, text]) => {
          const { status, body } = JobResult.parse(JSON.parse(String(text)))
          return { index: Number(index), status, body: unpackVectors(job.path, body) }
        })
        return { job, page: { results, more: more === 1 } }
      }, AWAY),

    open: (account) =>
      orUnavailable(async () => {
        const ids = listOf(await redis.command('ZRANGE', jobsOfKey(account), 0, MOST_LISTED - 1))
        return (await Promise.all(ids.map((id) => get(String(id))))).filter((job) => job !== undefined)
      }, AWAY),

    cancel: (id, by) =>
      orUnavailable(async () => {
        const { key, args } = 'caller' in by ? callerWords(by.caller) : NOBODY
        const words = [clock(), ...args, id, 'caller' in by ? '' : by.account]
        const call = scriptCall(CANCEL_JOB, [jobKey(id), key], words)
        return recordOf(id, allowedReply(await runScript(insisting, call)))
      }, AWAY),

    due: (most) =>
      orUnavailable(async () => {
        const redisKeys = [JOB_KEYS.open, JOB_KEYS.ended]
        const call = scriptCall(DUE_JOBS, redisKeys, [Math.min(most, MOST_DUE), clock()])
        const found: Job[] = []
        for (const [id, fields] of pairsOf(listOf(await runScript(redis, call)))) {
          const job = await readable(String(id), fields)
          if (job) found.push(job)
          // No readable record says what the job used, so the sweep charges its reservation.
          else await settled(String(id), [])
        }
        return found
      }, AWAY),

    moved: (id, to) =>
      orUnavailable(async () => {
        const call = scriptCall(MOVED_JOB, [jobKey(id), jobResultsKey(id)], [id, clock(), to])
        await runScript(insisting, call)
      }, AWAY),

    settled: (id, units) => orUnavailable(() => settled(id, [units]), AWAY),
  }
}

/** The job of a hash; undefined where there is none. @throws ZodError where the hash is no job */
function recordOf(id: string, reply: unknown): Job | undefined {
  const fields = fieldsOf(reply)
  return Object.keys(fields).length === 0 ? undefined : jobOf(id, fields)
}

const pairsOf = (words: unknown[]): [unknown, unknown][] =>
  words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1]] as [unknown, unknown]] : []))
