import { baseUrl } from '../../shared/base-url.ts'
import { TwohopError } from '../../shared/errors.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { secondOf } from '../../shared/seconds.ts'
import type { ForeignUpstream } from '../../shared/upstreams.ts'
import { readText } from './bounded.ts'
import { wasNeverSent } from './connect-failure.ts'
import { mayHaveComputed, refusalOf, unreached, unsupported } from './foreign-refusal.ts'
import { hostStream, type VendorStream } from './foreign-stream.ts'
import { type CountCall, type Host, type HostCall, HostRefusal, NothingComputed } from './port.ts'
import { createTallies, type Tally } from './tally.ts'

/** A request as a vendor takes it. */
export type VendorRequest = { path: string; headers: Record<string, string>; body: object }

/** The languages of one kind of API: how a host's request is asked there, and what its answers say. */
export type Dialect = {
  /** @throws TwohopError for what the vendor cannot do */
  ask(call: HostCall, key: string | undefined): VendorRequest
  /** A whole answer in the host's form, and what it counted. @throws TwohopError where it is something else */
  whole(said: unknown, call: HostCall, tally: Tally): object
  /** A reader of one stream. */
  stream(call: HostCall, tally: Tally): VendorStream
  /** What costs nothing and says whether the vendor is there, and takes the key. */
  probe(key: string | undefined): Pick<VendorRequest, 'path' | 'headers'>
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
export type Asking = { host: Host; isReady: () => Promise<boolean> }

/** The longest whole answer, and the longest beginning of an error, in bytes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
const MAX_ERROR_BYTES = 16 * 1024

/**
 * Somebody else's API as a host. It is sent nothing of who asks; its answers are written anew of the fields that are known.
 * It counts by its own word, which the reservation bounds. What it has not counted costs what was reserved.
 */
export function createForeignHost({ upstream, key, dialect, fetch, now }: Options): Asking {
  const base = baseUrl(upstream.url)
  const tallies = createTallies({ broken: upstream.broken, now })

  /** @throws TwohopError for everything but an answer of 2xx */
  async function send(
    { path, headers, body }: VendorRequest,
    { requestId, request, signal }: Pick<HostCall, 'requestId' | 'request' | 'signal'>,
  ): Promise<Response> {
    let answer: Response
    try {
      answer = await fetch(`${base}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        // The key is for this address alone, so it must not follow a redirect.
        redirect: 'manual',
        signal,
      })
    } catch (cause) {
      const Failure = wasNeverSent(cause) ? NothingComputed : TwohopError
      if (Failure === NothingComputed) tallies.drop(requestId)
      else signal.throwIfAborted()
      throw new Failure('host_unavailable', 'The model is not reachable right now; try again shortly.', {
        retryAfterMs: 2000,
        cause,
      })
    }
    if (answer.ok) return answer
    if (!mayHaveComputed(answer.status)) tallies.drop(requestId)
    const said = await readText(answer, MAX_ERROR_BYTES).catch(() => '')
    throw refusalOf(answer, said, Object.keys(request))
  }

  function headOf({ requestId, path, model }: HostCall) {
    const isChat = path === '/v1/chat/completions'
    return {
      id: `${isChat ? 'chatcmpl' : 'cmpl'}-${requestId}`,
      object: isChat ? ('chat.completion.chunk' as const) : ('text_completion' as const),
      created: secondOf(now()),
      model,
    }
  }

  const json = async (answer: Response) => parseJson(await readText(answer, MAX_ANSWER_BYTES))

  async function call(asked: HostCall): Promise<Response> {
    const request = dialect.ask(asked, key)
    const tally = tallies.open(asked)
    const answer = await send(request, asked)
    if (!isStream(asked.request)) return Response.json(dialect.whole(await json(answer), asked, tally))
    try {
      const vendor = dialect.stream(asked, tally)
      return new Response(
        await hostStream(answer.body, {
          vendor,
          tally,
          head: headOf(asked),
          answers: answersOf(asked.request),
        }),
      )
    } catch (error) {
      // An error that comes in place of an answer is a refusal like any other.
      if (error instanceof NothingComputed || error instanceof HostRefusal) tallies.drop(asked.requestId)
      throw error
    }
  }

  async function cancel({ requestId }: Parameters<Host['cancel']>[0]) {
    return tallies.usageOf(requestId)
  }

  async function countTokens(asked: CountCall): Promise<number> {
    const { count } = dialect
    if (!count) throw unsupported('count_tokens')
    const tokens = count.read(await json(await send(count.ask(asked, key), asked)))
    if (tokens === undefined) throw new TwohopError('host_failed', 'The model could not count.')
    return tokens
  }

  async function isReady(): Promise<boolean> {
    const { path, headers } = dialect.probe(key)
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS)
    const answer = await fetch(`${base}${path}`, { headers, redirect: 'manual', signal }).catch(unreachable)
    await answer.body?.cancel()
    // Not all servers have what is asked for; those that have not are there too.
    if (answer.ok || answer.status === 404 || answer.status === 405) return true
    throw refusalOf(answer, '', [])
  }

  return { host: { call, cancel, usage: cancel, countTokens, wake: async () => {} }, isReady }
}

/** Milliseconds that a vendor may take to say that it is there. */
const PROBE_TIMEOUT_MS = 5000

function unreachable(cause: unknown): never {
  throw unreached(cause)
}

const answersOf = (request: object): number =>
  'n' in request && typeof request.n === 'number' ? request.n : 1
const isStream = (request: object): boolean => 'stream' in request && request.stream === true
