import { Hono } from 'hono'
import * as z from 'zod'
import { type ErrorCode, errorResponse, TwohopError } from '../../shared/errors.ts'
import { framed } from '../../shared/framed.ts'
import type { JobInput } from '../../shared/jobs/record.ts'
import { retryAfterSeconds } from '../../shared/retry-after.ts'
import { secondAfter } from '../../shared/seconds.ts'
import { bodyHash, SERVICE_TOKEN, type ServiceClaims } from '../../shared/service-token.ts'
import type { Admit } from '../admission/admit.ts'
import { LONGEST_TIMER } from '../platform/longest-timer.ts'
import type { Run } from '../scheduler/run.ts'
import type { Caller, Host, HostEnv } from '../server/call.ts'
import { addModelRoutes } from '../server/routes.ts'
import type { Finished, Use } from './port.ts'
import { keptResult, resultOf } from './result.ts'
import type { VerifiedJob } from './verify.ts'

/**
 * What became of one try: a result, or none. Without one, the input is tried again after so many milliseconds where the
 * job goes on.
 */
export type Outcome = Finished & { retryMs?: number }

/** An input that is being computed. */
export type RunningInput = {
  /** Never rejects. */
  outcome: Promise<Outcome>
  /** Ends it within two decoding steps; `outcome` tells what it has used. */
  stop(): void
}

/** Starts the `attempt`th try of an input, through the same routes and admission as any request. */
export type StartInput = (job: VerifiedJob, index: number, attempt: number) => RunningInput

type Options = Host & {
  admit: Admit
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** Refusals by this host's own state, which pass. */
const PASSING: ReadonlySet<string> = new Set<ErrorCode>([
  'host_busy',
  'too_many_concurrent',
  'host_not_ready',
  'host_unavailable',
])

const NOTHING: Use = { promptTokens: 0, outputTokens: 0, computeMs: 0 }

export function createStartInput({ admit, now = Date.now, ...host }: Options): StartInput {
  const app = new Hono<HostEnv & { Bindings: Caller }>()
  app.use(async (context, next) => {
    for (const name of ['requestId', 'claims', 'admit', 'traceparent'] as const)
      context.set(name, context.env[name])
    await next()
  })
  addModelRoutes(app, host)

  return function startInput(job, index, attempt) {
    const stopping = new AbortController()
    return { outcome: run(), stop: () => stopping.abort() }

    async function run(): Promise<Outcome> {
      const input = job.inputs[index]
      if (input === undefined) throw new RangeError(`a job has no input ${index}`)
      const body = bodyOf(input)
      const id = `${job.id}.${index}.${attempt}`
      const claims = await claimsOf(job, input, id, body)
      let admitted: Run | undefined
      let overtime: Overtime | undefined
      const request = new Request(new URL(job.path, 'http://job'), {
        method: 'POST',
        body,
        signal: stopping.signal,
      })
      const response = await app.fetch(request, {
        requestId: id,
        claims,
        traceparent: job.traceparent,
        admit(asked) {
          admitted = admit(claims, asked)
          overtime = watchTime(admitted, job.inputMs)
          return admitted
        },
      })
      await admitted?.ended
      overtime?.stop()
      const use = useOf(admitted)
      if (response.ok)
        return { index, use, result: await keptResult(response, id, job.packs ? job.path : '') }
      if (overtime?.passed) return { index, use, result: await resultOf(tookTooLong(job, id)) }
      const code = await codeOf(response.clone())
      if (stopping.signal.aborted) return { index, use, retryMs: 0 }
      if (PASSING.has(code)) return { index, use, retryMs: retryMsOf(response) }
      // Passed, or too near for this input: it is left over, and the job expires.
      if (code === 'host_timeout') return { index, use, retryMs: Math.max(0, job.deadline - now()) }
      return { index, use, result: await resultOf(response) }
    }
  }
}

/** An input as the edge would send it by itself. */
const bodyOf = ({ body, file }: JobInput): Uint8Array<ArrayBuffer> =>
  file === undefined
    ? new TextEncoder().encode(JSON.stringify(body))
    : framed(body, Buffer.from(file, 'base64'))

async function claimsOf(
  job: VerifiedJob,
  { prompt_tokens, output_tokens }: JobInput,
  id: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<ServiceClaims> {
  return {
    iss: SERVICE_TOKEN.issuer,
    aud: SERVICE_TOKEN.audience,
    iat: 0,
    exp: secondAfter(job.deadline),
    jti: id,
    sub: job.account,
    route: `POST ${job.path}`,
    model: job.model,
    scope: job.scope,
    reserved: { prompt_tokens, output_tokens },
    body_sha256: await bodyHash(body),
    deadline: job.deadline,
    weight: job.weight,
  }
}

type Overtime = { readonly passed: boolean; stop(): void }

/** Cancels a run once it has computed for `mostMs`, however long it waited before. */
function watchTime(run: Run, mostMs: number): Overtime {
  let passed = false
  let timer: NodeJS.Timeout
  function look(): void {
    const left = mostMs - run.report().computeMs
    if (left > 0) {
      timer = setTimeout(look, Math.min(left, LONGEST_TIMER))
      return
    }
    passed = true
    run.cancel()
  }
  look()
  return {
    get passed() {
      return passed
    },
    stop: () => clearTimeout(timer),
  }
}

function tookTooLong({ inputMs }: VerifiedJob, id: string): Response {
  return errorResponse(new TwohopError('host_timeout', `An input may take ${inputMs} ms at most.`), id)
}

function useOf(run: Run | undefined): Use {
  if (run === undefined) return NOTHING
  const { promptTokens, outputTokens, computeMs } = run.report()
  return { promptTokens, outputTokens, computeMs }
}

/** What a route answers that refuses. */
const Refusal = z.object({ error: z.object({ code: z.string() }) })

async function codeOf(response: Response): Promise<string> {
  return Refusal.parse(await response.json()).error.code
}

function retryMsOf(response: Response): number {
  return 1000 * (retryAfterSeconds(response.headers.get('retry-after')) ?? 1)
}
