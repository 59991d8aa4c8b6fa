import * as z from 'zod'
import { HostUrl } from '../secure-url.ts'

/** Where spans are sent, and how many. */
export type OtlpSettings = {
  /** The URL itself, with its path. */
  endpoint: string
  headers: Readonly<Record<string, string>>
  service: string
  /** The part of the traces begun here that are kept: 0 to 1. */
  ratio: number
}

export type TracerOptions = {
  /** Told when the collector does not take what is sent, and when it does again. Must not throw. */
  onChange: (away: { error: unknown } | undefined) => void
  /** Whether the platform stands still between requests, so that each has to send what it made. Default false. */
  standsStill?: boolean
}

/** A header's name (RFC 9110, section 5.1), and a value that no line can be added to. */
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/
const VALUE = /^[\x20-\x7e]{1,4000}$/
const MOST_HEADERS = 20
const RULE = `must be at most ${MOST_HEADERS} headers as name=value, by comma, with special characters as %XX`

/** `OTEL_EXPORTER_OTLP_ENDPOINT`: the path of traces is put behind it. No query, for it may hold a key: that is for headers. */
export const OtlpEndpoint = HostUrl.transform((base) => `${base.replace(/\/+$/, '')}/v1/traces`)

/** `OTEL_EXPORTER_OTLP_HEADERS`, in the form of OpenTelemetry's specification of OTLP exporters. One rule covers the whole. */
export const OtlpHeaders = z.string().transform((text, context): Readonly<Record<string, string>> => {
  const pairs = text.split(',').map((pair) => {
    const at = pair.indexOf('=')
    return [pair.slice(0, Math.max(0, at)).trim(), decoded(pair.slice(at + 1).trim())] as const
  })
  if (pairs.length > MOST_HEADERS || !pairs.every(([name, value]) => NAME.test(name) && VALUE.test(value)))
    context.addIssue(RULE)
  return Object.fromEntries(pairs)
})

/** `OTEL_SERVICE_NAME` */
export const ServiceName = z.string().regex(/^[\w .:/-]{1,100}$/, 'must be a name of at most 100 characters')

const RATIO = 'must be a number from 0 to 1'
/** `OTEL_TRACES_SAMPLER_ARG` */
export const SampleRatio = z
  .string()
  .regex(/^[01](?:\.\d{1,9})?$/, RATIO)
  .transform(Number)
  .refine((ratio) => ratio <= 1, RATIO)

/** Empty, which no header may be, where it is no text in that form. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return ''
  }
}
