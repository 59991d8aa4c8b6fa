import * as z from 'zod'
import { bodyHash, SERVICE_TOKEN } from '../service-token.ts'

/**
 * The job token: the edge signs it and stores it with the job. It is a JWT over Ed25519 by the same keys as service
 * tokens. Its audience is another one, so that neither passes for the other. So a writer to Redis cannot make a host
 * compute anything that the edge has not reserved.
 */
export const JOB_TOKEN = {
  issuer: SERVICE_TOKEN.issuer,
  audience: 'twohop-host-jobs',
  algorithm: SERVICE_TOKEN.algorithm,
} as const

export const JobClaims = z.object({
  iss: z.literal(JOB_TOKEN.issuer),
  aud: z.literal(JOB_TOKEN.audience),
  iat: z.int(),
  /** The job's deadline, in seconds, rounded up. */
  exp: z.int(),
  /** The job's id. */
  jti: z.string().min(1).max(128),
  /** The account that spends. */
  sub: z.string().min(1).max(512),
  model: z.string().max(200),
  scope: z.string().max(100),
  /** Path on the host that all inputs are for. */
  path: z.string().max(256),
  /** `inputsHash` of the inputs. */
  inputs_sha256: z.string().length(43),
  /** Milliseconds since the epoch after which results are worthless. */
  deadline: z.int(),
  /** The most milliseconds that one input may take from its start. That much compute is reserved for each. */
  input_ms: z.int().min(1),
  weight: z.number().min(0.01).max(100),
  /** The span that took the job in, where requests are traced. */
  traceparent: z.string().max(55).optional(),
})
export type JobClaims = z.infer<typeof JobClaims>

/** base64url of the SHA-256 of the inputs' JSON texts, in order, one a line: 43 characters. */
export function inputsHash(inputs: readonly string[]): Promise<string> {
  return bodyHash(new TextEncoder().encode(inputs.join('\n')))
}
