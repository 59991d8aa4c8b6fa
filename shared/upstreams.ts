import * as z from 'zod'
import { isForeignUrl, isLoopbackUrl } from './foreign-url.ts'
import { isPrivateOrSecureUrl } from './secure-url.ts'

/** What answers at an upstream: a host of this project, or somebody else's API. */
const UPSTREAM_KINDS = ['own', 'openai', 'anthropic', 'replicate'] as const
export type UpstreamKind = (typeof UPSTREAM_KINDS)[number]

/** The tasks that each kind of foreign upstream can do; an own host does whatever its models do. */
const TASKS_OF: Readonly<Record<Exclude<UpstreamKind, 'own'>, readonly string[]>> = {
  openai: ['chat', 'completion', 'embedding'],
  anthropic: ['chat'],
  replicate: ['chat', 'completion'],
}

/** What a model of Replicate's may have an input for. */
const INPUTS = [
  'prompt',
  'messages',
  'system',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop',
  'seed',
  'frequency_penalty',
  'presence_penalty',
] as const
export type ReplicateInput = (typeof INPUTS)[number]

/** The inputs of Meta's Llama 3 there. */
export const LLAMA_INPUTS: Readonly<Partial<Record<ReplicateInput, string>>> = {
  prompt: 'prompt',
  system: 'system_prompt',
  max_tokens: 'max_tokens',
  temperature: 'temperature',
  top_p: 'top_p',
  top_k: 'top_k',
  stop: 'stop_sequences',
  frequency_penalty: 'frequency_penalty',
  presence_penalty: 'presence_penalty',
}

/**
 * Variables that hold the keys of upstreams. No other can be named: whoever may write the catalog could else have any
 * secret of the edge sent somewhere.
 */
export const UPSTREAM_KEY = /^UPSTREAM_KEY_[A-Z0-9_]{1,64}$/

const Id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be small letters, digits, "_" and "-", 1 to 64 of them')

const base = {
  id: Id,
  url: z.url().max(2000),
  /** The longest that an answer may take to begin, in milliseconds. Without it the request's own deadline holds. */
  timeout_ms: z.int().min(100).max(3_600_000).optional(),
}
const foreign = {
  ...base,
  /** The name of the variable that holds its key. */
  key: z.string().regex(UPSTREAM_KEY, 'must be a name that begins with UPSTREAM_KEY_').optional(),
  /**
   * What an answer that breaks off has cost, where the upstream has not said: all output that was reserved, or as many
   * tokens as the bytes that came. The second is too little for models that think unseen.
   */
  broken: z.enum(['reserved', 'bytes']).default('reserved'),
}

export const Upstream = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('own'), ...base }),
    z.strictObject({
      kind: z.literal('openai'),
      ...foreign,
      /** Whose fields it takes: those of OpenAI alone, or those that vLLM and others add. */
      speaks: z.enum(['openai', 'vllm']).default('openai'),
    }),
    z.strictObject({ kind: z.literal('anthropic'), ...foreign }),
    z.strictObject({
      kind: z.literal('replicate'),
      ...foreign,
      /** Where streams come from, if not from `url`. Answers name their streams; no other address is asked. */
      stream_url: z.url().max(2000).optional(),
      /**
       * What is counted there: tokens, or seconds of computing (`metrics.predict_time`). Seconds need a price of
       * `compute_second`; then a reservation holds all of the request's time, which is the prediction's deadline too.
       */
      counts: z.enum(['tokens', 'seconds']),
      /** What the model's inputs are called; LLAMA_INPUTS where it is missing. A request for which it has none is refused. */
      inputs: z.partialRecord(z.enum(INPUTS), z.string().regex(/^\w{1,64}$/)).optional(),
    }),
  ])
  .superRefine((upstream, context) => {
    checkAddress(upstream.kind, upstream.url, (message) =>
      context.addIssue({ code: 'custom', path: ['url'], message }),
    )
    if (upstream.kind !== 'replicate') return
    const { stream_url: streams, inputs = LLAMA_INPUTS } = upstream
    if (streams !== undefined)
      checkAddress('replicate', streams, (message) =>
        context.addIssue({ code: 'custom', path: ['stream_url'], message }),
      )
    if (inputs.max_tokens === undefined || (inputs.prompt === undefined && inputs.messages === undefined))
      context.addIssue({
        code: 'custom',
        path: ['inputs'],
        message: 'must have max_tokens, and prompt or messages',
      })
  })

function checkAddress(kind: UpstreamKind, address: string, refuse: (message: string) => void): void {
  const url = URL.parse(address)
  if (url && `${url.username}${url.password}${url.search}${url.hash}` !== '')
    refuse('must have no user name, password, ? or #')
  if (kind === 'own' && !isPrivateOrSecureUrl(address))
    refuse('must begin with https:// (http:// is for loopback and private networks only)')
  if (kind !== 'own' && !isForeignUrl(address) && !isLoopbackUrl(address))
    refuse('must begin with https://, and lead to no private, local or metadata address')
}
export type Upstream = z.infer<typeof Upstream>
export type OwnUpstream = Extract<Upstream, { kind: 'own' }>
export type ForeignUpstream = Exclude<Upstream, OwnUpstream>

/** An upstream of a model, and what the model is called there. */
const target = { id: Id, model: z.string().min(1).max(200).optional() }
export const Target = z.strictObject(target)
export type Target = z.infer<typeof Target>

/** One of several among which a request is drawn. */
const WeightedTarget = z.strictObject({
  ...target,
  /** Its share, relative to the others; 0 takes it out. */
  weight: z.number().min(0).max(1000).default(1),
})

/** The host of HOST_URL, which a model may name beside others; no upstream has this id. */
export const HOST = 'host'

/** The most upstreams of a model, or of the catalog. */
export const MOST_UPSTREAMS = 256

/** What a model says of its upstreams. */
export const modelUpstreams = {
  /** Where it is computed; without them, on the host of HOST_URL. */
  upstreams: z.array(WeightedTarget).min(1).max(MOST_UPSTREAMS).optional(),
  /** What is tried in this order where none of those can answer. */
  fallback: z.array(Target).min(1).max(16).optional(),
}

type Placed = z.infer<z.ZodObject<typeof modelUpstreams>>
type Model = {
  tasks: readonly string[]
  prices: { compute_second: number }
  tries?: number | undefined
  versions?: readonly Placed[] | undefined
} & Placed
type Complain = (path: PropertyKey[], message: string) => void

/** Complains of ids that are there twice, or name nothing, and of what an upstream cannot do. */
export function checkUpstreams(
  { upstreams = [], models }: { upstreams?: readonly Upstream[] | undefined; models: readonly Model[] },
  complain: Complain,
): void {
  const known = new Map<string, UpstreamKind>(upstreams.map(({ id, kind }) => [id, kind]))
  const timed = new Set(
    upstreams.flatMap((one) => ('counts' in one && one.counts === 'seconds' ? [one.id] : [])),
  )
  if (known.size < upstreams.length) complain(['upstreams'], 'two upstreams share an id')
  const taken = upstreams.findIndex(({ id }) => id === HOST)
  if (taken >= 0) complain(['upstreams', taken, 'id'], 'is the name of the host of HOST_URL')
  known.set(HOST, 'own')
  for (const [i, model] of models.entries()) {
    checkPlaces(model, model.tasks, known, (path, message) => complain(['models', i, ...path], message))
    const isTimed = [model, ...(model.versions ?? [])].some(({ upstreams: drawn = [], fallback = [] }) =>
      [...drawn, ...fallback].some(({ id }) => timed.has(id)),
    )
    const isAlone = [model, ...(model.versions ?? [])].every(
      ({ upstreams: drawn = [], fallback = [] }) =>
        new Set([...drawn, ...fallback].map(({ id }) => id)).size < 2,
    )
    if (isAlone && model.tries === 2)
      complain(['models', i, 'tries'], 'is for a model with two upstreams or more')
    if (isTimed && model.prices.compute_second === 0)
      complain(['models', i, 'prices', 'compute_second'], 'must be above 0: an upstream counts seconds')
    for (const [j, version] of (model.versions ?? []).entries())
      checkPlaces(version, model.tasks, known, (path, message) =>
        complain(['models', i, 'versions', j, ...path], message),
      )
  }
}

/** Complains of the places of one model, or of one of its versions. */
function checkPlaces(
  placed: Placed,
  tasks: readonly string[],
  known: ReadonlyMap<string, UpstreamKind>,
  complain: Complain,
): void {
  for (const list of ['upstreams', 'fallback'] as const)
    for (const [j, { id }] of (placed[list] ?? []).entries()) {
      const path = [list, j, 'id']
      const kind = known.get(id)
      if (!kind) complain(path, 'names no upstream that there is')
      else if (kind !== 'own') {
        const missing = tasks.find((task) => !TASKS_OF[kind].includes(task))
        if (missing !== undefined) complain(path, `an upstream of kind ${kind} does no ${missing}`)
      }
    }
  if (placed.fallback && !placed.upstreams) complain(['fallback'], 'is for a model with upstreams')
  if (placed.upstreams?.every(({ weight }) => weight === 0)) complain(['upstreams'], 'all have the weight 0')
  const ids = [...(placed.upstreams ?? []), ...(placed.fallback ?? [])].map(
    ({ id, model: name = '' }) => `${id} ${name}`,
  )
  if (new Set(ids).size < ids.length) complain(['upstreams'], 'one is there twice')
}
