import {
  type Context,
  type Tracer as OtelTracer,
  type Span as Recorded,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { settledWithin } from '../within.ts'
import { ATTRIBUTE } from './names.ts'
import { type ClosableTracer, passedOn, type Span } from './port.ts'
import type { OtlpSettings, TracerOptions } from './settings.ts'
import { formatTraceparent, type TraceParent } from './traceparent.ts'

/** Spans that wait to be sent; more are dropped, so that a collector that is away costs some 2 MB and no request. */
const MOST_WAITING = 2048
/** Spans of one call. */
const MOST_SENT = 512
/** Milliseconds between two calls, and the longest that one may take with its repetitions. */
const EVERY_MS = 5000
const SEND_MS = 5000
/** The longest that what there is may take to leave at the end, in milliseconds. */
const CLOSE_MS = 2000
/** For how long nobody waits for a collector that took longer than that, in milliseconds. */
const REST_MS = 30_000
/** The longest text of an attribute, in characters. All are names that we made. */
const LONGEST_TEXT = 256

/**
 * Spans by OpenTelemetry's SDK, sent to a collector as OTLP over HTTP. They are sent in the background, in batches out of a
 * bounded queue: no request waits for that, and none fails by it.
 */
export function createOpenTelemetry(settings: OtlpSettings, options: TracerOptions): ClosableTracer {
  const exporter = toldOf(
    new OTLPTraceExporter({
      url: settings.endpoint,
      headers: { ...settings.headers },
      timeoutMillis: SEND_MS,
    }),
    options.onChange,
  )
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': settings.service })),
    // Who goes on with a trace keeps to what was decided for it.
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.ratio) }),
    spanLimits: { attributeValueLengthLimit: LONGEST_TEXT },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MOST_WAITING,
        maxExportBatchSize: MOST_SENT,
        scheduledDelayMillis: EVERY_MS,
        exportTimeoutMillis: SEND_MS,
      }),
    ],
  })
  const tracer = provider.getTracer('twohop')
  const bounded = (task: Promise<void>) => settledWithin(CLOSE_MS, task).catch(() => {})
  return {
    begin(name, parent, sinceMs) {
      const context = parent ? contextOf(parent) : ROOT_CONTEXT
      const startTime = sinceMs === undefined ? {} : { startTime: sinceMs }
      return spanOf(tracer, tracer.startSpan(name, { kind: SpanKind.SERVER, ...startTime }, context))
    },
    flush: options.standsStill ? flushOf(() => provider.forceFlush()) : undefined,
    close: () => bounded(provider.shutdown()),
  }
}

/** Sends what there is, within the bound. The end of an answer may wait for it, so after a collector that was late it rests. */
function flushOf(send: () => Promise<void>): () => Promise<void> {
  let restsUntil = 0
  return async function flush() {
    if (performance.now() < restsUntil) return
    let late = true
    const sent = () => {
      late = false
    }
    await settledWithin(CLOSE_MS, send().then(sent, sent))
    if (late) restsUntil = performance.now() + REST_MS
  }
}

function contextOf({ traceId, spanId, sampled }: TraceParent): Context {
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}

function spanOf(tracer: OtelTracer, recorded: Recorded): Span {
  const { traceId, spanId } = recorded.spanContext()
  if (!recorded.isRecording()) return passedOn({ traceId, spanId, sampled: false })
  const context = trace.setSpan(ROOT_CONTEXT, recorded)
  let open = true
  return {
    traceparent: formatTraceparent({ traceId, spanId, sampled: true }),
    child(name, kind) {
      const how = { kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL }
      return spanOf(tracer, tracer.startSpan(name, how, context))
    },
    rename: (name) => void recorded.updateName(name),
    set: (name, value) => void recorded.setAttribute(name, value),
    fail(code) {
      recorded.setStatus({ code: SpanStatusCode.ERROR })
      recorded.setAttribute(ATTRIBUTE.error, code)
    },
    end() {
      // The SDK would complain of a second time.
      if (open) recorded.end()
      open = false
    },
    run: (step) => step(),
  }
}

/** The same exporter, which tells when it begins to fail and when it no longer does. */
function toldOf(exporter: SpanExporter, onChange: TracerOptions['onChange']): SpanExporter {
  let away = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined
        if (failed !== away) onChange(failed ? { error: result.error } : undefined)
        away = failed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}
