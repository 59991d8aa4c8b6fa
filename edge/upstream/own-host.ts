import * as z from 'zod'
import { baseUrl } from '../../shared/base-url.ts'
import { ERRORS, type ErrorCode, TwohopError } from '../../shared/errors.ts'
import type { Answer, End, Fetch } from '../../shared/fetch.ts'
import { FRAMED_TYPE, framed } from '../../shared/framed.ts'
import { HostTokensAnswer } from '../../shared/openai/chat.ts'
import { parseJson } from '../../shared/parse-json.ts'
import { retryAfterSeconds } from '../../shared/retry-after.ts'
import { bodyHash } from '../../shared/service-token.ts'
import type { Sha256 } from '../../shared/sha256.ts'
import { Timing } from '../../shared/timing.ts'
import { GenerationUsage, UsageAnswer, type UsageQuestion } from '../../shared/usage.ts'
import { wait } from '../../shared/wait.ts'
import type { Log } from '../log/port.ts'
import { readAnswer, readRefusal, readText } from './bounded.ts'
import { wasNeverSent, wasUnreached } from './connect-failure.ts'
import { type Asked, createEndedUsage } from './ended-usage.ts'
import { type ModelState, modelStates } from './host-state.ts'
import {
  BEFORE_COMPUTE,
  type CountCall,
  type HostCall,
  HostRefusal,
  type HostUsage,
  NothingComputed,
  type UpstreamCaller,
} from './port.ts'
import type { RequestClaims, SignServiceToken } from './service-token.ts'
import { timingIn } from './timing-in.ts'
import { usageIn } from './usage-in.ts'

/** The host's refusals that mean something to a client. Any other is our fault and becomes `host_failed`. */
const PASSED_ON: ReadonlySet<ErrorCode> = new Set([...BEFORE_COMPUTE, 'host_timeout'])

const HostError = z.object({
  error: z.object({ code: z.string(), message: z.string().max(1000), param: z.string().max(200).nullish() }),
})
const Cancelled = z.object({ usage: GenerationUsage, timing: Timing })

/** The most bytes of an error's body or of the answer to a cancel. Both are small. */
const MAX_SMALL_BODY = 16 * 1024
/** The most bytes of an answer about MOST_ASKED requests, of some 200 bytes each. */
const MAX_USAGE_BODY = 64 * 1024
/** The most bytes of a host's metrics: some 10 kB a model. */
const MAX_METRICS_BODY = 512 * 1024
/**
 * Milliseconds that a call which computes nothing may take. A cancelled request takes two decoding steps and a round trip.
 * A host that still starts answers a wake later, and looks for jobs by itself.
 */
const ASIDE_TIMEOUT_MS = 10_000
/** Milliseconds for which the token of such a call is good. */
const ASIDE_TOKEN_MS = 30_000
type Method = 'GET' | 'POST' | 'DELETE'
const NO_BODY = new Uint8Array()
/** bodyHash of NO_BODY. */
const NO_BODY_HASH = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'

type Options = {
  /** The host's base URL; never in an error or an answer. */
  url: string
  sign: SignServiceToken
  fetch: Fetch
  sha256?: Sha256 | undefined
  now: () => number
  log: Log
  /** Told the headers of each answer to a call, refusals among them. */
  heard?: ((headers: Answer['headers']) => void) | undefined
}

/** The private host of this project, and what it does right now. */
export type OwnHost = UpstreamCaller & {
  /**
   * Asks the host for its metrics and reads of them how busy it is with each model: one call, which starts a host that was
   * scaled to zero.
   * @param by the request that asks, and its account
   * @throws TwohopError host_unavailable, host_failed
   */
  state(by: Pick<HostCall, 'requestId' | 'account'>): Promise<ModelState[]>
}

/** The private host of this project, reached with a signed service token per request. */
export function createOwnHost({ url, sign, fetch, sha256, now, log, heard = () => {} }: Options): OwnHost {
  const base = baseUrl(url)

  async function send(
    method: Method,
    path: string,
    claims: Omit<RequestClaims, 'route' | 'body_sha256'>,
    body: Uint8Array<ArrayBuffer>,
    end: End,
    contentType = 'application/json',
    traceparent?: string,
  ) {
    const token = await sign({
      ...claims,
      route: `${method} ${path}`,
      body_sha256: body.length === 0 ? NO_BODY_HASH : await bodyHash(body, sha256),
    })
    const headers: Record<string, string> = { authorization: `Bearer ${token}` }
    if (body.length > 0) headers['content-type'] = contentType
    if (traceparent !== undefined) headers.traceparent = traceparent
    return fetch(`${base}${path}`, {
      method,
      headers,
      ...end,
      // The token is for this host alone, so it must not follow a redirect.
      redirect: 'manual',
      ...(body.length > 0 ? { body } : {}),
    })
  }

  /** A call beside the requests: nothing is computed for it. */
  function sendAside(
    method: Method,
    path: string,
    { jti, account, model, scope }: { jti: string; account: string; model: string; scope: string },
    body: Uint8Array<ArrayBuffer> = NO_BODY,
  ) {
    return send(
      method,
      path,
      {
        jti,
        sub: account,
        model,
        scope,
        reserved: { prompt_tokens: 0, output_tokens: 0 },
        weight: 1,
        deadline: now() + ASIDE_TOKEN_MS,
      },
      body,
      { timeoutMs: ASIDE_TIMEOUT_MS },
    )
  }

  async function call({
    requestId,
    path,
    request,
    file,
    account,
    model,
    scope,
    reserved,
    weight,
    deadline,
    signal,
    traceparent,
  }: HostCall) {
    let answer: Answer
    try {
      answer = await send(
        'POST',
        path,
        {
          jti: requestId,
          sub: account,
          model,
          scope,
          reserved: { prompt_tokens: reserved.promptTokens, output_tokens: reserved.outputTokens },
          weight,
          deadline,
        },
        file ? framed(request, file) : utf8.encode(JSON.stringify(request)),
        { signal },
        file && FRAMED_TYPE,
        traceparent,
      )
    } catch (cause) {
      signal.throwIfAborted()
      const Failure = wasNeverSent(cause) ? NothingComputed : TwohopError
      throw new Failure('host_unavailable', UNREACHABLE, {
        retryAfterMs: 2000,
        cause,
      })
    }
    heard(answer.headers)
    if (answer.ok) return answer
    if (wasUnreached(answer.status)) {
      void answer.body?.cancel().catch(() => {})
      throw new NothingComputed('host_unavailable', UNREACHABLE, { retryAfterMs: 2000 })
    }
    // A refusal whose body cannot be read is still a refusal.
    throw refusal(answer, await readRefusal(answer, MAX_SMALL_BODY))
  }

  async function countTokens({ promptTokens, ...rest }: CountCall) {
    const answer = await call({
      ...rest,
      path: '/v1/chat/tokens',
      scope: 'chat',
      reserved: { promptTokens, outputTokens: 0 },
    })
    const text = await readAnswer(answer, MAX_SMALL_BODY, rest.signal)
    const counted = HostTokensAnswer.safeParse(parseJson(text))
    if (counted.success) return counted.data.tokens
    throw new TwohopError('host_failed', 'The model could not count.', { cause: counted.error })
  }

  async function cancel({ requestId, account, model, scope }: Parameters<UpstreamCaller['cancel']>[0]) {
    try {
      const jti = `${requestId}.cancel`
      const answer = await sendAside('DELETE', `/v1/requests/${requestId}`, { jti, account, model, scope })
      const text = await readText(answer, MAX_SMALL_BODY)
      if (!answer.ok) throw refusal(answer, text)
      return hostUsage(Cancelled.parse(JSON.parse(text)))
    } catch (error) {
      await log('warn', 'host_cancel_failed', { requestId, account, error })
      return undefined
    }
  }

  /** Asks about all in one call, which is signed for the first of them. */
  async function askAll(asked: readonly [Asked, ...Asked[]]) {
    const [{ requestId, account, model, scope }] = asked
    const jti = `${requestId}.usage`
    const question: UsageQuestion = {
      requests: asked.map((one) => ({ id: one.requestId, account: one.account })),
    }
    const body = utf8.encode(JSON.stringify(question))
    const answer = await sendAside('POST', '/v1/requests/usage', { jti, account, model, scope }, body)
    const text = await readText(answer, MAX_USAGE_BODY)
    if (!answer.ok) throw refusal(answer, text)
    const { requests } = UsageAnswer.parse(JSON.parse(text))
    return new Map(requests.map((one) => [one.id, hostUsage(one)]))
  }
  const usage = createEndedUsage({ askAll, askAlone: cancel, wait })

  async function wake({ requestId, account, model }: Parameters<UpstreamCaller['wake']>[0]) {
    try {
      const jti = `${requestId}.wake`
      const answer = await sendAside('POST', '/v1/jobs/wake', { jti, account, model, scope: 'jobs' })
      if (!answer.ok) throw refusal(answer, await readText(answer, MAX_SMALL_BODY))
      await answer.body?.cancel()
    } catch (error) {
      // Hosts look for jobs by themselves too.
      await log('warn', 'host_wake_failed', { requestId, account, error })
    }
  }

  async function state({ requestId, account }: Parameters<OwnHost['state']>[0]) {
    const claims = { jti: `${requestId}.state`, account, model: '', scope: 'metrics' }
    const answer = await sendAside('GET', '/metrics', claims).catch((cause: unknown) => {
      throw new TwohopError('host_unavailable', UNREACHABLE, { cause })
    })
    const text = await readText(answer, answer.ok ? MAX_METRICS_BODY : MAX_SMALL_BODY)
    if (!answer.ok)
      throw wasUnreached(answer.status)
        ? new TwohopError('host_unavailable', UNREACHABLE)
        : refusal(answer, text)
    return modelStates(text)
  }

  return { call, countTokens, cancel, usage, wake, state }
}

const utf8 = new TextEncoder()
const UNREACHABLE = 'The model is not reachable right now; try again shortly.'

function hostUsage({ usage, timing }: z.infer<typeof Cancelled>): HostUsage {
  return {
    promptTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    computeMs: timing.compute_ms,
    firstTokenMs: timing.first_token_ms,
  }
}

/** A refusal of the host that is not passed on to the client: its own code, or else its status. */
class HostRefused extends Error {
  override readonly name = 'HostRefused'
  readonly code: string

  constructor(code: string) {
    super(`The host refused: ${code}`)
    this.code = code
  }
}

/** The error that the host's refusal becomes. @param text the answer's body; empty where it could not be read */
function refusal(answer: Answer, text: string): TwohopError {
  const { error } = HostError.safeParse(parseJson(text)).data ?? {}
  const code = [...PASSED_ON].find((known) => known === error?.code)
  if (!error || !code) {
    const known = Object.keys(ERRORS).find((name) => name === error?.code)
    const cause = new HostRefused(known ?? `http_${answer.status}`)
    return new TwohopError('host_failed', 'The model could not answer this request.', { cause })
  }
  const seconds = retryAfterSeconds(answer.headers.get('retry-after')) ?? 0
  const evidence = {
    ...(error.param ? { param: error.param } : {}),
    ...(seconds > 0 && seconds <= 3600 ? { retryAfterMs: seconds * 1000 } : {}),
  }
  const computeMs = timingIn(answer.headers)?.compute_ms ?? 0
  return new HostRefusal(code, error.message, evidence, computeMs, usageIn(answer.headers)?.prompt_tokens)
}
