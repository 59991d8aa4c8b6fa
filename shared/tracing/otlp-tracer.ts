import type { ClosableTracer } from './port.ts'
import type { OtlpSettings, TracerOptions } from './settings.ts'

/** OpenTelemetry's own variables, as each hop has read them; one that does not fit, and so ends the start, is not there. */
export type OtlpValues = {
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined
  OTEL_EXPORTER_OTLP_HEADERS?: OtlpSettings['headers'] | undefined
  OTEL_SERVICE_NAME?: string
  OTEL_TRACES_SAMPLER_ARG?: number
}

/**
 * The tracer that these variables ask for; undefined where they name no collector. OpenTelemetry's SDK is read only then: that
 * takes longer than all else at a start. Never rejects, so that nobody goes without an answer for want of a trace.
 */
export async function otlpTracer(
  values: OtlpValues,
  options: TracerOptions,
): Promise<ClosableTracer | undefined> {
  const endpoint = values.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === undefined) return undefined
  try {
    const { createOpenTelemetry } = await import('./opentelemetry.ts')
    const settings = {
      endpoint,
      headers: values.OTEL_EXPORTER_OTLP_HEADERS ?? {},
      service: values.OTEL_SERVICE_NAME ?? 'twohop',
      ratio: values.OTEL_TRACES_SAMPLER_ARG ?? 1,
    }
    return createOpenTelemetry(settings, options)
  } catch (error) {
    options.onChange({ error })
    return undefined
  }
}
