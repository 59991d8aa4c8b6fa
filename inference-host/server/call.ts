import type { Context } from 'hono'
import * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { refuseDeep } from '../../shared/json-depth.ts'
import type { ServiceClaims } from '../../shared/service-token.ts'
import type { Asked } from '../admission/admit.ts'
import { checkBodyHash, readBody } from '../admission/body.ts'
import type { RefuseBusy } from '../admission/busy.ts'
import { CLOCK_TOLERANCE } from '../admission/jwt.ts'
import type { ReplayGuard } from '../admission/replay.ts'
import type { StructureCompiler } from '../decoding/structure/compiler.ts'
import type { Log } from '../platform/log.ts'
import type { Run } from '../scheduler/run.ts'
import type { Admitted } from './report.ts'

/** What the app hands from its checks to its routes: `admit` admits what the claims cover, or throws. */
export type Caller = { requestId: string; claims: ServiceClaims; admit: (asked: Asked) => Run }
export type HostEnv = { Variables: Caller }
export type HostContext = Context<HostEnv>

/** What a route needs of the host. */
export type Host = {
  structures: Pick<StructureCompiler, 'recall' | 'compile'>
  bodyBytes: number
  log: Log
  /** Asked before a body is read. None where the caller has no reason to: a job waits. */
  refuseBusy?: RefuseBusy | undefined
}

/**
 * Reads the body that was signed for and checks it against `schema`. Where the model has no place, nothing is read.
 * @throws TwohopError `body_too_large`, `service_token_body_mismatch`, or `invalid_request` with the field's path.
 */
export async function readRequest<Schema extends z.ZodType>(
  context: HostContext,
  schema: Schema,
  { bodyBytes, refuseBusy }: Pick<Host, 'bodyBytes' | 'refuseBusy'>,
): Promise<z.infer<Schema>> {
  refuseBusy?.(context.var.claims)
  const body = await readBody(context.req.raw, bodyBytes)
  await checkBodyHash(context.var.claims, body)
  const json = jsonOf(body)
  refuseDeep(json)
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new TwohopError('invalid_request', issue?.message ?? 'The body is not valid.', {
    param: z.core.toDotPath(issue?.path ?? []),
  })
}

function jsonOf(body: Uint8Array<ArrayBuffer>): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new TwohopError('invalid_request', 'The body is no JSON.')
  }
}

/**
 * Takes a request in that has no body.
 * @throws TwohopError `body_too_large`, `service_token_body_mismatch`, `service_token_replayed` or `host_busy`
 */
export async function takeEmpty(context: HostContext, replays: ReplayGuard): Promise<void> {
  const { claims } = context.var
  await checkBodyHash(claims, await readBody(context.req.raw, 0))
  replays.refuseUsed(claims.jti)
  replays.use(claims.jti, claims.exp + CLOCK_TOLERANCE)
}

/**
 * Admits what was asked. The run ends when the caller goes away. Its end is logged, with what is known of a failure.
 */
export function begin(context: HostContext, { log }: Host, asked: Asked): Admitted {
  const { signal } = context.req.raw
  const { admit, requestId: id } = context.var
  const run = admit(asked)
  if (signal.aborted) run.cancel()
  signal.addEventListener('abort', () => run.cancel(), { once: true })
  void run.ended.then((code) => {
    const { promptTokens, outputTokens, queueMs, computeMs } = run.report()
    log('run', {
      id,
      task: asked.task,
      model: asked.model,
      code,
      prompt_tokens: promptTokens,
      output_tokens: outputTokens,
      queue_ms: queueMs,
      compute_ms: computeMs,
      ...run.fault(),
    })
  })
  return { run, requestId: id, log }
}
