import { otlpTracer } from '../../shared/tracing/otlp-tracer.ts'
import { OtlpEndpoint, OtlpHeaders, SampleRatio, ServiceName } from '../../shared/tracing/settings.ts'
import { logOfProcess } from '../log/of-process.ts'
import type { Values, Variable } from './read-variables.ts'

/** OpenTelemetry's own variables, on every platform but Workers, which traces by itself. */
export const OTLP_VARIABLES = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    fallback: '',
    schema: OtlpEndpoint,
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    fallback: '',
    secret: true,
    schema: OtlpHeaders,
  },
  OTEL_SERVICE_NAME: {
    fallback: 'twohop-edge',
    schema: ServiceName,
  },
  OTEL_TRACES_SAMPLER_ARG: {
    fallback: '1',
    schema: SampleRatio,
  },
} as const satisfies Record<string, Variable>

/**
 * The tracer that these variables ask for; undefined where they ask for none. Never rejects.
 * @param write takes a line of the log
 * @param standsStill whether the platform stands still between requests
 */
export function tracerOf(
  values: Partial<Values<typeof OTLP_VARIABLES>>,
  write: (line: string) => void,
  standsStill = false,
) {
  const log = logOfProcess(write)
  return otlpTracer(values, {
    onChange: (away) => void log('warn', away ? 'traces_not_sent' : 'traces_sent', away),
    standsStill,
  })
}
