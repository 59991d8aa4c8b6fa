import { TwohopError } from '../../shared/errors.ts'
import { JobInput, JobRecord } from '../../shared/jobs/record.ts'
import { inputsHash, JOB_TOKEN, JobClaims } from '../../shared/jobs/token.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { sameHash } from '../admission/body.ts'
import type { PublicKeys } from '../admission/jwks.ts'
import { verifyJwt } from '../admission/jwt.ts'
import type { ClaimedJob } from './port.ts'

/** A job as the edge has signed for it. Times in milliseconds, `deadline` since the epoch. */
export type VerifiedJob = Pick<JobClaims, 'model' | 'path' | 'scope' | 'weight' | 'deadline'> & {
  id: string
  account: string
  /** The longest that one input may compute. */
  inputMs: number
  inputs: readonly JobInput[]
  /** The span that took it in, where the edge traces requests. */
  traceparent?: string | undefined
  /** Whether the edge that took it in reads packed vectors: an edge of the version before does not. */
  packs: boolean
}

/** Checks a job as it lies in the store. @throws TwohopError that says what is wrong. Then none of the job may run. */
export type VerifyJob = (job: ClaimedJob) => Promise<VerifiedJob>

/**
 * A VerifyJob over the edge's public keys. It throws `service_token_invalid` (token, or a record that says otherwise),
 * `service_token_expired`, `service_token_body_mismatch` (the inputs are not those that were signed for), or
 * `invalid_request` (an input that wants a stream).
 * @param now milliseconds since the epoch
 */
export function createVerifyJob(keys: PublicKeys, now: () => number = Date.now): VerifyJob {
  return async function verifyJob(job) {
    const record = JobRecord.safeParse(job.record)
    if (!record.success) throw refused('its record is not valid')
    const { token, account, model, path, deadline, count, room } = record.data
    const claims = JobClaims.safeParse(await verifyJwt(token, keys, JOB_TOKEN, now))
    if (!claims.success) throw refused('its claims are not valid')
    const { data: signed } = claims
    const recorded = { jti: job.id, sub: account, model, path, deadline } as const
    for (const name of ['jti', 'sub', 'model', 'path', 'deadline'] as const)
      if (signed[name] !== recorded[name]) throw refused(`its ${name} is not that of the record`)
    if (model !== job.model) throw refused('it waited for another model')

    const texts = Array.from({ length: count }, (_, index) => job.inputs.get(index) ?? '')
    if (job.inputs.size !== count || !sameHash(await inputsHash(texts), signed.inputs_sha256))
      throw new TwohopError('service_token_body_mismatch', "The job's token was made for other inputs.")
    const inputs = texts.map(inputOf)
    return {
      id: job.id,
      account,
      model,
      path,
      deadline,
      scope: signed.scope,
      weight: signed.weight,
      inputMs: signed.input_ms,
      inputs,
      traceparent: signed.traceparent,
      packs: room !== undefined,
    }
  }
}

function inputOf(text: string): JobInput {
  const input = JobInput.safeParse(parseJson(text))
  if (!input.success) throw new TwohopError('invalid_request', 'An input of the job is not valid.')
  if (input.data.body.stream === true)
    throw new TwohopError('invalid_request', 'An input of a job cannot be streamed.', { param: 'stream' })
  return input.data
}

function refused(why: string): TwohopError {
  return new TwohopError('service_token_invalid', `The job's token is refused: ${why}.`)
}
