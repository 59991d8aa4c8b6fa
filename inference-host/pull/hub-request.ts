import { retryAfterSeconds } from '../../shared/retry-after.ts'
import { isSecureUrl } from '../../shared/secure-url.ts'
import { errorCode } from '../platform/error-code.ts'
import { ModelError } from '../weights/error.ts'
import { Transient } from './retry.ts'

/** A hub to fetch from, and how. */
export type Hub = {
  /** Base URL with no trailing slash, such as `https://huggingface.co`. */
  endpoint: string
  /** Sent to the endpoint's own origin and nowhere else. */
  token: string | undefined
  fetch: typeof fetch
  /** Milliseconds without a byte after which a connection counts as dead. */
  stallMs: number
  /** Ends everything under way. */
  signal: AbortSignal
}

/** The hub resolves a file by one or two redirects. */
const MOST_REDIRECTS = 5

/**
 * Checks an endpoint and drops its trailing slash. HF_TOKEN is sent there, and what comes from there is locked, so plain
 * HTTP is for this machine only.
 * @throws ModelError `hub_invalid` where it is no such URL. The value is not repeated, because it may hold a
 * password.
 */
export function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !isSecureUrl(url) || url.username || url.password || url.search || url.hash)
    throw new ModelError(
      'hub_invalid',
      'HF_ENDPOINT must begin with https:// (http:// is for loopback only) and have no user, query or fragment',
    )
  return url.href.replace(/\/+$/, '')
}

/** Ends a request that gets no byte for a while: `alive()` at each byte, `done()` at the end. */
export function watch({ stallMs, signal }: Pick<Hub, 'stallMs' | 'signal'>): {
  signal: AbortSignal
  stalled: () => boolean
  alive: () => void
  done: () => void
} {
  const stall = new AbortController()
  const timer = setTimeout(() => stall.abort(), stallMs)
  return {
    signal: AbortSignal.any([signal, stall.signal]),
    stalled: () => stall.signal.aborted,
    alive: () => timer.refresh(),
    done: () => clearTimeout(timer),
  }
}
export type Watch = ReturnType<typeof watch>

/** An answer that is neither a redirect nor an error, and what the hub itself said of the file on the way. */
export type HubAnswer = {
  response: Response
  /** SHA-256 of a large file and its size in bytes, by the endpoint and not by the storage that it redirects to. */
  linked: { sha256: string | undefined; bytes: number | undefined }
}

/**
 * GETs `path` of the hub, following redirects. 206 and 416 are answers too.
 * @param subject Names the repository or file in messages.
 * @throws ModelError `hub_denied`, `hub_not_found`, `hub_failed`; Transient `hub_unreachable`, `hub_failed`.
 */
export async function hubGet(
  hub: Hub,
  path: string,
  subject: string,
  extra: Record<string, string>,
  watched: Watch,
): Promise<HubAnswer> {
  const { origin } = new URL(hub.endpoint)
  const linked: HubAnswer['linked'] = { sha256: undefined, bytes: undefined }
  let url = new URL(hub.endpoint + path)
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const own = url.origin === origin
    // Compressed bodies would have another length than the file.
    const headers: Record<string, string> = { 'accept-encoding': 'identity', ...extra }
    if (own && hub.token) headers.authorization = `Bearer ${hub.token}`
    const response = await send(hub, url, headers, watched)
    if (own) {
      linked.sha256 ??= /^(?:W\/)?"([0-9a-f]{64})"$/.exec(response.headers.get('x-linked-etag') ?? '')?.[1]
      linked.bytes ??= wholeNumber(response.headers.get('x-linked-size'))
    }
    const location = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel()
      url = redirectTarget(url, location, subject)
      continue
    }
    if (response.ok || response.status === 416) return { response, linked }
    await response.body?.cancel()
    throw refusal(response, subject, own, hub.token !== undefined)
  }
  throw new ModelError('hub_failed', `${subject}: the hub redirects more than ${MOST_REDIRECTS} times`)
}

/** A header's value as a count of bytes. */
export function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function redirectTarget(from: URL, location: string, subject: string): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  const allowed = from.protocol === 'https:' ? ['https:'] : ['https:', 'http:']
  if (!target || !allowed.includes(target.protocol))
    throw new ModelError('hub_failed', `${subject}: the hub redirects to where no file is fetched from`)
  return target
}

async function send(hub: Hub, url: URL, headers: Record<string, string>, watched: Watch): Promise<Response> {
  try {
    return await hub.fetch(url, { headers, redirect: 'manual', signal: watched.signal })
  } catch (thrown) {
    hub.signal.throwIfAborted()
    const reason = watched.stalled()
      ? `no answer in ${hub.stallMs / 1000} s`
      : failureOf(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown)
    throw new Transient(
      new ModelError(
        'hub_unreachable',
        `cannot reach ${url.origin} (${reason}); HF_ENDPOINT names another hub`,
        thrown,
      ),
    )
  }
}

/** Why fetch failed: a code such as ECONNREFUSED, or its own few words where it gives none ("bad port"). */
function failureOf(cause: unknown): string {
  return errorCode(cause) ?? (cause instanceof Error && cause.message ? cause.message : 'no reason given')
}

function refusal(response: Response, subject: string, own: boolean, withToken: boolean): Error {
  const { status } = response
  // Storage refuses links that have expired; asking the hub again gives a fresh one.
  if ((status === 401 || status === 403) && !own)
    return new Transient(new ModelError('hub_failed', `${subject}: the hub's storage answers ${status}`))
  if (status === 401 || status === 403)
    return new ModelError(
      'hub_denied',
      `${subject}: the hub answers ${status}: it is private, gated or not there; ` +
        (withToken
          ? 'the HF_TOKEN that was sent may not read it'
          : 'set HF_TOKEN to a token that may read it'),
    )
  if (status === 404) return new ModelError('hub_not_found', `${subject}: the hub does not have it (404)`)
  const failure = new ModelError('hub_failed', `${subject}: the hub answers ${status}`)
  if (status !== 408 && status !== 429 && status < 500) return failure
  const seconds = retryAfterSeconds(response.headers.get('retry-after'))
  return new Transient(failure, seconds === undefined ? undefined : seconds * 1000)
}
