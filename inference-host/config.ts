import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { plainWords } from '../shared/plain-words.ts'
import { SecretUrl } from '../shared/secure-url.ts'
import { OtlpEndpoint, OtlpHeaders, SampleRatio, ServiceName } from '../shared/tracing/settings.ts'

const whole = z
  .string()
  .regex(/^\d{1,12}$/, 'must be a whole number')
  .transform(Number)

const orNone = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([z.literal('').transform(() => undefined), schema])

/** A whole number from `least` to `most`. */
function atLeast(least: number, most: number) {
  const rule = `must be a whole number from ${least} to ${most}`
  return whole.pipe(z.int(rule).min(least, rule).max(most, rule))
}

/** `put` says what to put there, for whoever has not set a variable that must be set. */
type Variable = {
  meaning: string
  unit: string
  fallback: string | undefined
  put?: string
  schema: z.ZodType
}

/**
 * Every variable that the host reads: what it means, its unit, its default (as text, as it would stand in the
 * environment; undefined where it must be given) and its schema. The table of docs/configuration.md is made of it.
 */
export const VARIABLES = {
  HOST_BIND: {
    meaning: 'Address to listen on. Loopback unless told otherwise: the edge is the only caller.',
    unit: 'address',
    fallback: '127.0.0.1',
    schema: z.string().min(1).max(255),
  },
  HOST_PORT: {
    meaning: 'Port to listen on; 0 picks a free one.',
    unit: 'port',
    fallback: '8788',
    schema: atLeast(0, 65_535),
  },
  SERVICE_TOKEN_PUBLIC_KEYS: {
    meaning: "JWKS with the edge's Ed25519 public keys, one per `kid`. Private keys are refused.",
    unit: 'JWKS',
    fallback: undefined,
    put: 'the content of service-key.public.json, which `npm run keys` writes,',
    schema: z.string().min(2).max(65_536),
  },
  MODELS_FILE: {
    meaning: 'Manifest of the models to serve.',
    unit: 'path',
    fallback: fileURLToPath(new URL('models.json', import.meta.url)),
    schema: z.string().min(1),
  },
  MODELS_DIR: {
    meaning: 'Folder where pulled weights lie.',
    unit: 'path',
    fallback: fileURLToPath(new URL('../.local/models', import.meta.url)),
    schema: z.string().min(1),
  },
  HOST_DEVICE: {
    meaning:
      "Device for every model; `auto` leaves it to each model's own setting. A model's `auto` keeps light work on the CPU, and else tries CUDA, WebGPU, then CPU.",
    unit: 'auto, cpu, webgpu, cuda',
    fallback: 'auto',
    schema: z.enum(['auto', 'cpu', 'webgpu', 'cuda']),
  },
  HOST_THREADS: {
    meaning: 'Compute threads per model; 0 is one a core, and more than that slows every step.',
    unit: 'threads',
    fallback: '0',
    schema: atLeast(0, 1024).transform((threads) => threads || availableParallelism()),
  },
  HOST_PROBE_SECONDS: {
    meaning: 'Longest that trying one device with one model may take before the next device is tried.',
    unit: 'seconds',
    fallback: '120',
    schema: atLeast(1, 3600),
  },
  HOST_SLOTS: {
    meaning:
      'Requests that a model which writes text computes at once, where its export can be batched: chat, summarization, translation. With one there is no batching.',
    unit: 'requests',
    fallback: '16',
    schema: atLeast(1, 1024),
  },
  HOST_EXACT: {
    meaning:
      'Answers in a batch are those alone, token for token, also on a CPU that rounds several rows otherwise than one: there a chat model computes each row by itself, which takes most of the gain, and summarization and translation run one text at a time.',
    unit: 'true, false',
    fallback: 'false',
    schema: z.enum(['true', 'false']).transform((exact) => exact === 'true'),
  },
  HOST_KV_MB: {
    meaning:
      'Most memory for the key and value caches of a model that writes text, running requests and cached prefixes together; up to ¼ of all that models have, or what one request of a chat model needs. Summarization and translation take 256 MiB of it at most.',
    unit: 'MiB',
    fallback: '1024',
    schema: atLeast(1, 1_000_000),
  },
  HOST_MEMORY_MB: {
    meaning:
      'Memory for all models together; what is not used is unloaded for what is. 0 is 80 % of container or machine.',
    unit: 'MiB',
    fallback: '0',
    schema: atLeast(0, 100_000_000),
  },
  HOST_DEVICE_MEMORY_MB: {
    meaning: "The same of the GPU's memory; 0 is 90 % of an NVIDIA card, and all of others.",
    unit: 'MiB',
    fallback: '0',
    schema: atLeast(0, 100_000_000),
  },
  HOST_LOAD_SECONDS: {
    meaning: 'Longest that loading a model may take; a load that takes longer has failed.',
    unit: 'seconds',
    fallback: '300',
    schema: atLeast(1, 3600),
  },
  HOST_PREPARE_SECONDS: {
    meaning:
      'Longest that preparing a chat model for batching may take; then it is served one request at a time.',
    unit: 'seconds',
    fallback: '300',
    schema: atLeast(1, 3600),
  },
  HOST_QUEUE: {
    meaning: 'Requests that may wait per model; the next one is refused with `host_busy`.',
    unit: 'requests',
    fallback: '256',
    schema: atLeast(1, 100_000),
  },
  HOST_ACCOUNT_QUEUE: {
    meaning:
      'Requests of one account that may wait per model; the next one is refused with `too_many_concurrent`.',
    unit: 'requests',
    fallback: '64',
    schema: atLeast(1, 100_000),
  },
  HOST_METRICS_PORT: {
    meaning: 'Port on `HOST_BIND` that gives `/metrics` to everyone who reaches it; none by default.',
    unit: 'port',
    fallback: '',
    schema: orNone(atLeast(0, 65_535)),
  },
  HOST_BODY_BYTES: {
    meaning: 'Largest request body.',
    unit: 'bytes',
    fallback: String(4 * 1024 * 1024),
    schema: atLeast(1024, 1024 ** 3),
  },
  HOST_MEDIA_BYTES: {
    meaning: 'Largest body of a request with a sound or an image.',
    unit: 'bytes',
    fallback: String(64 * 1024 * 1024),
    schema: atLeast(1024, 1024 ** 3),
  },
  HOST_BODY_SECONDS: {
    meaning: 'Longest that the edge may take to send a body.',
    unit: 'seconds',
    fallback: '30',
    schema: atLeast(1, 3600),
  },
  HOST_REPLAY_ENTRIES: {
    meaning:
      'Request ids remembered against replay; when full, requests are refused rather than ids forgotten.',
    unit: 'ids',
    fallback: '100000',
    schema: atLeast(1, 10_000_000),
  },
  HOST_JOBS_REDIS_URL: {
    meaning: 'Upstash REST URL of the Redis from which jobs are taken; without it the host takes none.',
    unit: 'URL',
    fallback: '',
    schema: orNone(SecretUrl),
  },
  HOST_JOBS_REDIS_TOKEN: {
    meaning: 'Its token (secret). The user behind it needs no keys but `twohop:job*`.',
    unit: 'text',
    fallback: '',
    schema: orNone(z.string().min(1).max(4096)),
  },
  HOST_JOBS_CLAIM_SECONDS: {
    meaning: 'A job whose host has not been heard of for so long is taken over by another.',
    unit: 'seconds',
    fallback: '30',
    schema: atLeast(3, 3600),
  },
  HOST_JOBS_POLL_SECONDS: {
    meaning: 'How often an idle host looks for jobs by itself; each look is a command that Upstash bills.',
    unit: 'seconds',
    fallback: '30',
    schema: atLeast(1, 3600),
  },
  HOST_DRAIN_SECONDS: {
    meaning: 'Longest that running requests may go on after SIGTERM.',
    unit: 'seconds',
    fallback: '30',
    schema: atLeast(0, 3600),
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    meaning: 'OpenTelemetry collector that gets the traces; without it nothing is traced.',
    unit: 'URL',
    fallback: '',
    schema: orNone(OtlpEndpoint),
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    meaning: 'What it asks for (secret).',
    unit: 'name=value, by comma',
    fallback: '',
    schema: orNone(OtlpHeaders),
  },
  OTEL_SERVICE_NAME: {
    meaning: 'What the host is called in traces.',
    unit: 'name',
    fallback: 'twohop-host',
    schema: ServiceName,
  },
  OTEL_TRACES_SAMPLER_ARG: {
    meaning: 'Part that is kept of the traces that begin here; of those of the edge it decides.',
    unit: '0 to 1',
    fallback: '1',
    schema: SampleRatio,
  },
} as const satisfies Record<string, Variable>

export type Config = { [Name in keyof typeof VARIABLES]: z.infer<(typeof VARIABLES)[Name]['schema']> }

/**
 * The configuration in `environment`, defaults filled in; an empty value counts as absent.
 * @throws Error of one line that names each variable and what is wrong with it, never its value.
 */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const complaints: string[] = []
  const entries = Object.entries<Variable>(VARIABLES).map(([name, { fallback, put, schema }]) => {
    const value = environment[name] || fallback
    const parsed = value === undefined ? undefined : schema.safeParse(value, { error: plainWords })
    if (parsed === undefined) complaints.push(`${name}: is missing: put ${put} there`)
    else if (!parsed.success) complaints.push(`${name}: ${parsed.error.issues[0]?.message ?? 'is not valid'}`)
    return [name, parsed?.data]
  })
  if (complaints.length > 0) throw new Error(complaints.join('; '))
  // Each entry was parsed by its own schema: `fromEntries` forgets which.
  const config = Object.fromEntries(entries) as Config
  if ((config.HOST_JOBS_REDIS_URL === undefined) !== (config.HOST_JOBS_REDIS_TOKEN === undefined))
    throw new Error('HOST_JOBS_REDIS_URL and HOST_JOBS_REDIS_TOKEN go together')
  return config
}
