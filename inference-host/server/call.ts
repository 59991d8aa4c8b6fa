import type { Context } from 'hono'
import type * as z from 'zod'
import { TwohopError } from '../../shared/errors.ts'
import { unframed } from '../../shared/framed.ts'
import { refuseDeep } from '../../shared/json-depth.ts'
import { parseAs } from '../../shared/parse-as.ts'
import { parseJsonBytes } from '../../shared/parse-json.ts'
import { type BodyBound, readBody } from '../../shared/read-bounded.ts'
import type { ServiceClaims } from '../../shared/service-token.ts'
import type { Tracer } from '../../shared/tracing/port.ts'
import type { Asked } from '../admission/admit.ts'
import { checkBodyHash } from '../admission/body.ts'
import type { RefuseBusy } from '../admission/busy.ts'
import type { StructureCompiler } from '../decoding/structure/pool/compiler.ts'
import type { Log } from '../platform/log.ts'
import type { Admitted } from './report.ts'
import { type Asking, admitTraced } from './run-span.ts'

/** What the app hands from its checks to its routes: `admit` admits what the claims cover, or throws. */
export type Caller = Asking & { claims: ServiceClaims }
export type HostEnv = { Variables: Caller }
export type HostContext = Context<HostEnv>

/** What a route needs of the host. */
export type Host = {
  structures: Pick<StructureCompiler, 'recall' | 'compile'>
  /** How much of a body is read, and for how long. */
  body: BodyBound
  /** The most bytes of a body with a file; as others without it. */
  mediaBytes?: number | undefined
  log: Log
  /** Asked before a body is read. None where the caller has no reason to: a job waits. */
  refuseBusy?: RefuseBusy | undefined
  /** Traces what is admitted; undefined where nothing is traced. */
  tracer?: Tracer | undefined
}

/** A host whose requests of JSON may be as large as those with a file: there are images in them. */
export const withImages = ({ body, mediaBytes = body.most, refuseBusy }: Host) => ({
  body: { ...body, most: Math.max(body.most, mediaBytes) },
  refuseBusy,
})

/**
 * Reads the body that was signed for and checks it against `schema`. Where the model has no place, nothing is read.
 * @throws TwohopError `body_too_large`, `body_timeout`, `service_token_body_mismatch`, or `invalid_request` with the field's path.
 */
export async function readRequest<Schema extends z.ZodType>(
  context: HostContext,
  schema: Schema,
  { body: bound, refuseBusy }: Pick<Host, 'body' | 'refuseBusy'>,
): Promise<z.infer<Schema>> {
  refuseBusy?.(context.var.claims)
  const body = await readBody(context.req.raw, bound)
  await checkBodyHash(context.var.claims, body)
  const json = jsonOf(body)
  refuseDeep(json)
  return parseAs(schema, json)
}

/**
 * The same for a request with a file (shared/framed.ts), which may be larger.
 * @throws TwohopError as readRequest does
 */
export async function readFramed<Schema extends z.ZodType>(
  context: HostContext,
  schema: Schema,
  { body: bound, mediaBytes = bound.most, refuseBusy }: Pick<Host, 'body' | 'mediaBytes' | 'refuseBusy'>,
): Promise<{ request: z.infer<Schema>; file: Uint8Array }> {
  refuseBusy?.(context.var.claims)
  const body = await readBody(context.req.raw, { ...bound, most: mediaBytes })
  await checkBodyHash(context.var.claims, body)
  const parts = unframed(body)
  if (parts === undefined) throw new TwohopError('invalid_request', 'The body is no JSON with a file.')
  refuseDeep(parts.request)
  return { request: parseAs(schema, parts.request), file: parts.file }
}

function jsonOf(body: Uint8Array<ArrayBuffer>): unknown {
  const parsed = parseJsonBytes(body)
  if (parsed === undefined) throw new TwohopError('invalid_request', 'The body is no JSON.')
  return parsed
}

/** The end of a body that says nothing comes with its headers. */
const NONE: BodyBound = { most: 0, timeoutMs: 1000 }

/**
 * Takes a request in that has no body.
 * @throws TwohopError `body_too_large`, `body_timeout` or `service_token_body_mismatch`
 */
export async function takeEmpty(context: HostContext): Promise<void> {
  await checkBodyHash(context.var.claims, await readBody(context.req.raw, NONE))
}

/**
 * Admits what was asked. The run ends when the caller goes away. Its end is logged, with what is known of a failure.
 */
export function begin(context: HostContext, { log, tracer }: Host, asked: Asked): Admitted {
  const { signal } = context.req.raw
  const { admit, requestId: id } = context.var
  const run = tracer ? admitTraced(tracer, context.var, asked) : admit(asked)
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
