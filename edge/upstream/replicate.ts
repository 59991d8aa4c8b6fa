import { baseUrl } from '../../shared/base-url.ts'
import { TwohopError } from '../../shared/errors.ts'
import { createExpiringMap } from '../../shared/expiring-map.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { secondsOfWait } from '../../shared/seconds.ts'
import { type ForeignUpstream, LLAMA_INPUTS } from '../../shared/upstreams.ts'
import { orAborted } from '../../shared/within.ts'
import { readAnswer } from './bounded.ts'
import { type Asking, isStream, MAX_ANSWER_BYTES } from './foreign-host.ts'
import { unsupported } from './foreign-refusal.ts'
import { brokeOff, headOf, hostStream } from './foreign-stream.ts'
import type { Pause } from './in-time.ts'
import type { HostCall, UpstreamCaller } from './port.ts'
import { predictionAnswer, textOf } from './replicate-answer.ts'
import { predictionRequest } from './replicate-request.ts'
import { count, hasComputedNothing, isUnderWay, Prediction, requireSuccess } from './replicate-shapes.ts'
import { createPredictionReader } from './replicate-stream.ts'
import { createTallies } from './tally.ts'
import { createReady, createVendorCall } from './vendor-call.ts'

type Options = {
  upstream: Extract<ForeignUpstream, { kind: 'replicate' }>
  key: string | undefined
  fetch: typeof fetch
  pause: Pause
  /** Milliseconds. */
  now: () => number
}

type Question = {
  path: string
  body?: object
  /** Headers beside the key. */
  more?: Record<string, string>
  signal: AbortSignal
  fields?: readonly string[]
  onNothing?: () => void
}

/** What is remembered of a prediction: enough to cancel it, and nothing of its text. */
type Made = Pick<Prediction, 'id' | 'status'>
const madeOf = ({ id, status }: Prediction): Made => ({ id, status })

/** The error for a vendor that does not take a request in. It may have done so all the same. */
const tookTooLong = (cause: unknown) =>
  new TwohopError('host_timeout', 'The model did not take the request in time.', { cause })

/** A stream that has only its end. */
const DONE = 'event: done\ndata: {}\n\n'

/** Milliseconds that making a prediction may take, or cancelling one, or asking for one. */
const CALL_MS = 10_000
/** Milliseconds from one question how far a prediction is to the next: the first, and the longest. */
const FIRST_MS = 100
const LONGEST_MS = 3000
/** Questions without an answer after which no more is asked. */
const MOST_FAILED = 3
/** Seconds: the shortest deadline that a prediction may have (replicate.com/docs/topics/predictions/lifecycle). */
const SHORTEST_S = 5
/** Predictions that are remembered, and milliseconds after their deadline for which they are. */
const MOST = 20_000
const AFTER_MS = 60_000

/**
 * Replicate as a host: a prediction is made, its stream is read, or it is asked for until it has ended. It has the request's
 * own deadline, and is cancelled when nobody waits for it any more. Making one is never broken off: nobody would know its id.
 */
export function createReplicateHost({ upstream, key, fetch, pause, now }: Options): Asking {
  const base = baseUrl(upstream.url)
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const streams = new Set([base, upstream.stream_url ?? base].map((url) => new URL(url).origin))
  const tallies = createTallies({ broken: upstream.broken, now })
  const made = createExpiringMap<string, Promise<Made | undefined>>({ capacity: MOST, now })
  const send = createVendorCall(base, fetch)

  /** @throws TwohopError what the refusal says; host_failed for what is no prediction */
  async function ask({ path, body, more, ...how }: Question): Promise<Prediction> {
    const request = { path, headers: { ...headers, ...more }, ...(body && { body }) }
    const answer = await send(request, { fields: [], onNothing() {}, ...how })
    const { data } = Prediction.safeParse(parseJson(await readAnswer(answer, MAX_ANSWER_BYTES, how.signal)))
    if (!data) throw brokeOff()
    return data
  }

  /** @throws TwohopError as `ask` does; host_timeout */
  function create(
    { requestId, request, deadline }: HostCall,
    wanted: ReturnType<typeof predictionRequest>,
  ): Promise<Prediction> {
    const seconds = Math.max(SHORTEST_S, secondsOfWait(deadline - now()))
    const making = ask({
      ...wanted,
      more: { 'cancel-after': `${seconds}s` },
      signal: AbortSignal.timeout(CALL_MS),
      fields: Object.keys(request),
      onNothing: () => tallies.drop(requestId),
    }).catch((error: unknown) => {
      // Nothing else ends it: that time was over.
      throw error instanceof TwohopError ? error : tookTooLong(error)
    })
    made.set(
      requestId,
      making.then(madeOf, () => undefined),
      deadline + AFTER_MS,
    )
    return making
  }

  /** The prediction when it has ended. @throws TwohopError host_failed where it cannot be asked for */
  async function endOf(begun: Prediction, signal: AbortSignal): Promise<Prediction> {
    let prediction = begun
    let failed = 0
    for (let ms = FIRST_MS; isUnderWay(prediction); ms = Math.min(LONGEST_MS, ms * 1.3)) {
      await pause(ms, signal)
      try {
        prediction = await ask({
          path: `/predictions/${begun.id}`,
          signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
        })
        failed = 0
      } catch (error) {
        signal.throwIfAborted()
        // It goes on all the same, so nobody else may be asked.
        if (++failed === MOST_FAILED) throw brokeOff(error)
      }
    }
    return prediction
  }

  /** Takes what a prediction says of itself. */
  function take(prediction: Prediction, requestId: string): void {
    const tally = tallies.of(requestId)
    if (tally) count(prediction, tally)
    if (hasComputedNothing(prediction)) tallies.drop(requestId)
  }

  /** The body of its stream. Undefined where it has none, or names one elsewhere than the catalog allows. */
  async function streamOf({ urls }: Prediction, signal: AbortSignal) {
    const url = URL.parse(urls?.stream ?? '')
    if (!url || !streams.has(url.origin) || url.username !== '' || url.password !== '') return undefined
    // The address says all that is needed; it gets no key.
    const asked = { headers: { accept: 'text/event-stream' }, redirect: 'manual', signal } as const
    const answer = await fetch(url.href, asked).catch(() => undefined)
    signal.throwIfAborted()
    if (answer?.ok) return answer.body
    await answer?.body?.cancel()
    return undefined
  }

  async function call(asked: HostCall): Promise<Response> {
    const { requestId, request, signal, reserved, deadline } = asked
    const head = headOf(asked, now)
    const wanted = predictionRequest(asked.path, request, upstream.inputs ?? LLAMA_INPUTS)
    const tally = tallies.open(asked)
    const prediction = await orAborted(create(asked, wanted), signal)

    /** @throws TwohopError where it does not succeed */
    async function ended(): Promise<Prediction> {
      const last = await endOf(prediction, signal)
      made.set(requestId, Promise.resolve(madeOf(last)), deadline + AFTER_MS)
      take(last, requestId)
      requireSuccess(last)
      if (upstream.counts === 'seconds') tally.whole()
      return last
    }
    const most = reserved.outputTokens
    if (isStream(request)) {
      const isChat = head.object !== 'text_completion'
      const body = await streamOf(prediction, signal)
      // Where an answer comes as a whole, an error comes in its place.
      const last = body ? undefined : await ended()
      const vendor = createPredictionReader({
        tally,
        isChat,
        most,
        unseen: last ? textOf(last) : '',
        ended: async () => last ?? ended(),
      })
      return new Response(
        await hostStream(body ?? new Response(DONE).body, { vendor, tally, head, answers: 1 }),
      )
    }
    const last = await ended()
    const text = textOf(last)
    tally.came(text)
    const timing = { queue_ms: 0, compute_ms: tally.usage().computeMs }
    return Response.json(predictionAnswer(last, text, head, tally, most), {
      headers: { 'x-timing': JSON.stringify(timing) },
    })
  }

  const cancel: UpstreamCaller['cancel'] = async ({ requestId }) => {
    try {
      const prediction = await made.get(requestId)
      if (prediction && isUnderWay(prediction)) {
        const path = `/predictions/${prediction.id}/cancel`
        take(await ask({ path, body: {}, signal: AbortSignal.timeout(CALL_MS) }), requestId)
      }
    } catch {
      // What is known already is all that is known.
    }
    return tallies.usageOf(requestId)
  }

  async function countTokens(): Promise<never> {
    throw unsupported('count_tokens')
  }
  const isReady = createReady(base, fetch, { path: '/account', headers })
  return { host: { call, cancel, usage: cancel, countTokens, wake: async () => {} }, isReady }
}
