import * as z from 'zod'
import { jobKey, jobResultsKey, jobStreamKey } from '../../shared/jobs/record.ts'
import { type ScriptCall, scriptCall } from '../../shared/redis-script.ts'
import { fieldsOf, runScript, type UpstashOptions, upstashClient } from '../../shared/upstash-client.ts'
import { CLAIM_JOB } from './claim.lua.ts'
import { END_JOB } from './end.lua.ts'
import { type ClaimedJob, type Finished, type JobStore, TooLarge } from './port.ts'
import { RELEASE_JOB } from './release.lua.ts'
import { REPORT_JOB } from './report.lua.ts'
import { tooLargeResult } from './result.ts'

type Options = UpstashOptions & {
  /** This host's name in claims. */
  host: string
  /** Milliseconds after which a claim that was not renewed is taken over. */
  claimMs: number
  /** Milliseconds within which this host looks for jobs again, or reports; default 150,000. */
  servedMs?: number
  /** A new word each time it is called. */
  nonce?: () => string
}

const NO_ROOM = 'The results of this job take more than was reserved for them.'

const Claimed = z.union([
  z.tuple([]).transform(() => undefined),
  z.tuple([z.number(), z.string(), z.string(), z.number(), z.unknown(), z.unknown(), z.array(z.string())]),
])
const Standing = z.enum(['ok', 'cancel', 'lost'])
const Known = z.enum(['ok', 'lost'])

/** Jobs in Upstash Redis, over HTTP: each call is one command, and all its keys begin with `twohop:job`. */
export function createUpstashJobs(options: Options): JobStore {
  const { host, claimMs, servedMs = 150_000, nonce = () => crypto.randomUUID() } = options
  const redis = upstashClient(options)
  const run = (call: ScriptCall) => runScript(redis, call)

  return {
    async claim(models) {
      const claim = `${host}:${nonce()}`
      const reply = Claimed.parse(
        await run(scriptCall(CLAIM_JOB, models.map(jobStreamKey), [claim, claimMs, servedMs])),
      )
      if (reply === undefined) return undefined
      const [number, entry, id, takenOver, record, inputs, done] = reply
      return {
        id,
        model: models[number - 1] ?? '',
        entry,
        claim,
        takenOver: takenOver === 1,
        record: fieldsOf(record),
        inputs: new Map(Object.entries(fieldsOf(inputs)).map(([index, json]) => [Number(index), json])),
        done: new Set(done.map(Number)),
      }
    },
    async report(job, number, finished) {
      const { json: instead } = await tooLargeResult(job.id, NO_ROOM)
      const args = [job.claim, job.entry, number, instead, servedMs, ...finished.flatMap(wordsOf)]
      const reply = await run(scriptCall(REPORT_JOB, keysOf(job), args)).catch((cause: unknown) => {
        throw isTooLarge(cause) ? new TooLarge('the store takes no report so large') : cause
      })
      return Standing.parse(reply)
    },
    async end(job, state) {
      return Known.parse(await run(scriptCall(END_JOB, keysOf(job), [job.claim, job.entry, job.id, state])))
    },
    async release(job) {
      const keys = [jobKey(job.id), jobStreamKey(job.model)]
      return Known.parse(await run(scriptCall(RELEASE_JOB, keys, [job.claim, job.entry, claimMs])))
    },
  }
}

/** How Upstash's message begins where a request has more bytes than the plan allows. The whole command follows. */
function isTooLarge(error: unknown): boolean {
  return error instanceof Error && /^(ERR )?max request size exceeded/.test(error.message)
}

function keysOf({ id, model }: ClaimedJob): string[] {
  return [jobKey(id), jobResultsKey(id), jobStreamKey(model)]
}

function wordsOf({ index, result, use }: Finished): (string | number)[] {
  const { promptTokens, outputTokens, computeMs } = use
  return [index, result?.json ?? '', result?.failed ? 1 : 0, promptTokens, outputTokens, computeMs]
}
