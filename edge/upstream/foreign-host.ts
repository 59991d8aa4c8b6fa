import { baseUrl } from '../../shared/base-url.ts'
import { TwohopError } from '../../shared/errors.ts'
import { answersOf } from '../../shared/openai/answers-of.ts'
import { parseJson } from '../../shared/parse-json.ts'
import type { ForeignUpstream } from '../../shared/upstreams.ts'
import { readAnswer } from './bounded.ts'
import { unsupported } from './foreign-refusal.ts'
import { headOf, hostStream, type VendorStream } from './foreign-stream.ts'
import { type CountCall, type HostCall, HostRefusal, NothingComputed, type UpstreamCaller } from './port.ts'
import { createTallies, type Tally } from './tally.ts'
import { createReady, createVendorCall, type Probe, type VendorRequest } from './vendor-call.ts'

/** The languages of one kind of API: how a host's request is asked there, and what its answers say. */
export type Dialect = {
  /** @throws TwohopError for what the vendor cannot do */
  ask(call: HostCall, key: string | undefined): VendorRequest
  /** A whole answer in the host's form, and what it counted. @throws TwohopError where it is something else */
  whole(said: unknown, call: HostCall, tally: Tally): object
  /** A reader of one stream. */
  stream(call: HostCall, tally: Tally): VendorStream
  /** What costs nothing and says whether the vendor is there, and takes the key. */
  probe(key: string | undefined): Probe
  /** How the vendor is asked how many tokens a prompt has, and what it says; none where it does not tell. */
  count?: {
    ask(call: CountCall, key: string | undefined): VendorRequest
    read(said: unknown): number | undefined
  }
}

type Options = {
  upstream: Pick<ForeignUpstream, 'url' | 'broken'>
  key: string | undefined
  dialect: Dialect
  fetch: typeof fetch
  /** Milliseconds. */
  now: () => number
}

/** A host, and what asks whether it is there. @throws TwohopError from `isReady` where it is not */
export type Asking = { host: UpstreamCaller; isReady: () => Promise<boolean> }

/** The longest whole answer, in bytes. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/**
 * Somebody else's API as a host. It is sent nothing of who asks; its answers are written anew of the fields that are known.
 * It counts by its own word, which the reservation bounds. What it has not counted costs what was reserved.
 */
export function createForeignHost({ upstream, key, dialect, fetch, now }: Options): Asking {
  const base = baseUrl(upstream.url)
  const tallies = createTallies({ broken: upstream.broken, now })

  const send = createVendorCall(base, fetch)
  const sent = (
    vendor: VendorRequest,
    { requestId, request, signal }: Pick<HostCall, 'requestId' | 'request' | 'signal'>,
  ) => send(vendor, { signal, fields: Object.keys(request), onNothing: () => tallies.drop(requestId) })

  const json = async (answer: Response, signal: AbortSignal) =>
    parseJson(await readAnswer(answer, MAX_ANSWER_BYTES, signal))

  async function call(asked: HostCall): Promise<Response> {
    const request = dialect.ask(asked, key)
    const tally = tallies.open(asked)
    const answer = await sent(request, asked)
    if (!isStream(asked.request))
      return Response.json(dialect.whole(await json(answer, asked.signal), asked, tally))
    try {
      const vendor = dialect.stream(asked, tally)
      return new Response(
        await hostStream(answer.body, {
          vendor,
          tally,
          head: headOf(asked, now),
          answers: answersOf(asked.request),
        }),
      )
    } catch (error) {
      // An error that comes in place of an answer is a refusal like any other.
      if (error instanceof NothingComputed || error instanceof HostRefusal) tallies.drop(asked.requestId)
      throw error
    }
  }

  async function cancel({ requestId }: Parameters<UpstreamCaller['cancel']>[0]) {
    return tallies.usageOf(requestId)
  }

  async function countTokens(asked: CountCall): Promise<number> {
    const { count } = dialect
    if (!count) throw unsupported('count_tokens')
    const tokens = count.read(await json(await sent(count.ask(asked, key), asked), asked.signal))
    if (tokens === undefined) throw new TwohopError('host_failed', 'The model could not count.')
    return tokens
  }

  const isReady = createReady(base, fetch, dialect.probe(key))
  return { host: { call, cancel, usage: cancel, countTokens, wake: async () => {} }, isReady }
}

/** Whether a host's request asks for a stream. */
export const isStream = (request: object): boolean => 'stream' in request && request.stream === true
