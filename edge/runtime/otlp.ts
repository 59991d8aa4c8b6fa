import { otlpTracer } from '../../shared/tracing/otlp-tracer.ts'
import { OtlpEndpoint, OtlpHeaders, SampleRatio, ServiceName } from '../../shared/tracing/settings.ts'
import { createLog } from '../log/json-lines.ts'
import type { Values, Variable } from './read-variables.ts'

/** OpenTelemetry's own variables, on every platform but Workers, which traces by itself. */
export const OTLP_VARIABLES = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    meaning: 'OpenTelemetry collector that gets the traces; without it nothing is traced',
    unit: 'URL',
    fallback: '',
    schema: OtlpEndpoint,
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    meaning: 'what it asks for',
    unit: 'name=value, by comma',
    fallback: '',
    secret: true,
    schema: OtlpHeaders,
  },
  OTEL_SERVICE_NAME: {
    meaning: 'what the edge is called in traces',
    unit: 'name',
    fallback: 'twohop-edge',
    schema: ServiceName,
  },
  OTEL_TRACES_SAMPLER_ARG: {
    meaning: 'part that is kept of the traces that begin here',
    unit: '0 to 1',
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
  // Of the process itself, so no line of it is about an account.
  const log = createLog({ write, tagOf: async () => '' })
  return otlpTracer(values, {
    onChange: (away) => void log('warn', away ? 'traces_not_sent' : 'traces_sent', away),
    standsStill,
  })
}
