import { codeOf } from '../../shared/errors.ts'
import { ATTRIBUTE, operationOf, PROVIDER } from '../../shared/tracing/names.ts'
import type { Span, Tracer } from '../../shared/tracing/port.ts'
import { parseTraceparent } from '../../shared/tracing/traceparent.ts'
import type { Asked } from '../admission/admit.ts'
import type { Run } from '../scheduler/run.ts'

/** Who asks, and what admits it. */
export type Asking = {
  requestId: string
  admit: (asked: Asked) => Run
  /** The caller's span, as the header says it. */
  traceparent?: string | undefined
  /** When the request came, in milliseconds since the epoch; default: now. */
  sinceMs?: number | undefined
}

/**
 * Admits what was asked with a span in the caller's trace: from when the request came to the end of its run.
 * @throws TwohopError as `admit` does; the span notes its code
 */
export function admitTraced(
  tracer: Tracer,
  { requestId, admit, traceparent, sinceMs }: Asking,
  asked: Asked,
): Run {
  const operation = operationOf(asked.task)
  const span = tracer.begin(`${operation} ${asked.model}`, parseTraceparent(traceparent), sinceMs)
  span.set(ATTRIBUTE.operation, operation)
  span.set(ATTRIBUTE.provider, PROVIDER)
  span.set(ATTRIBUTE.model, asked.model)
  span.set(ATTRIBUTE.maxTokens, asked.maxTokens)
  span.set(ATTRIBUTE.requestId, requestId)
  try {
    const run = admit({ ...asked, span })
    void run.ended.then((code) => end(span, code, run))
    return run
  } catch (error) {
    span.fail(codeOf(error))
    span.end()
    throw error
  }
}

/** Ends it with what was computed. */
function end(span: Span, code: Awaited<Run['ended']>, run: Run): void {
  const { promptTokens, cachedPromptTokens, outputTokens, computeMs } = run.report()
  span.set(ATTRIBUTE.inputTokens, promptTokens)
  span.set(ATTRIBUTE.outputTokens, outputTokens)
  span.set(ATTRIBUTE.computeMs, computeMs)
  if (cachedPromptTokens !== undefined) span.set(ATTRIBUTE.cachedTokens, cachedPromptTokens)
  if (code !== 'finished') span.fail(code)
  span.end()
}
