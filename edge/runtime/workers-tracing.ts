import { ATTRIBUTE } from '../../shared/tracing/names.ts'
import { NO_SPAN, passedOn, type Span, type Tracer } from '../../shared/tracing/port.ts'
import { formatTraceparent, unsampled } from '../../shared/tracing/traceparent.ts'

/** A span of Workers' own (developers.cloudflare.com/workers/observability/traces/custom-spans). */
type NativeSpan = {
  /** Whether anybody keeps it. */
  readonly isTraced: boolean
  spanContext(): { traceId: string; spanId: string }
  setAttribute(name: string, value: string | number | boolean): unknown
  setStatus(status: { code: 'error' }): unknown
  updateName(name: string): unknown
  end(): void
}

/** Workers' own tracing, as a request's context has it. All requests have the same. */
export type WorkersTracing = {
  startSpan(name: string): NativeSpan
  withActiveSpan<T>(span: NativeSpan, step: () => T): T
}

/**
 * Spans by the platform itself, which sends them where the account's settings say, together with its own of each fetch. It
 * goes on with nobody's trace, so a trusted caller's is noted. What the platform does not keep is kept by the host neither,
 * unless the caller's is.
 */
export const workersTracer = (tracing: WorkersTracing): Tracer => ({
  begin(name, parent) {
    const begun = quiet(() => {
      const native = tracing.startSpan(name)
      if (!native.isTraced) return undefined
      if (parent) native.setAttribute(ATTRIBUTE.callersTrace, parent.traceId)
      return spanOf(tracing, native)
    })
    return begun ?? passedOn(parent ?? unsampled())
  },
})

function spanOf(tracing: WorkersTracing, native: NativeSpan): Span {
  return {
    traceparent: formatTraceparent({ ...native.spanContext(), sampled: true }),
    child: (name) =>
      quiet(() =>
        spanOf(
          tracing,
          tracing.withActiveSpan(native, () => tracing.startSpan(name)),
        ),
      ) ?? NO_SPAN,
    rename: (name) => void quiet(() => native.updateName(name)),
    set: (name, value) => void quiet(() => native.setAttribute(name, value)),
    fail: (code) =>
      void quiet(() => {
        native.setStatus({ code: 'error' })
        native.setAttribute(ATTRIBUTE.error, code)
      }),
    end: () => quiet(() => native.end()),
    run(step) {
      let begun = false
      try {
        return tracing.withActiveSpan(native, () => {
          begun = true
          return step()
        })
      } catch (error) {
        if (begun) throw error
        return step()
      }
    },
  }
}

/** What `call` gives; undefined where it throws, as each does in the context of another request. No request fails by its trace. */
function quiet<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch {
    return undefined
  }
}
