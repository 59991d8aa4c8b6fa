import { type Budget, readBudget } from './budget.ts'
import { readError } from './error.ts'
import { retryAfterSeconds } from './retry-after.ts'

/**
 * The token of the user who is signed in, as the BaaS's own SDK keeps it; null where nobody is. `forceRefresh` is true after
 * the edge has said that the last one has expired, or that its use was unusual.
 */
export type GetToken = (asked: { forceRefresh: boolean }) => Promise<Token> | Token

type Token = string | null | undefined

export type TwohopFetchOptions = {
  /**
   * The edge, such as `https://api.example.com`; a path after it does not matter. Requests to anywhere else are refused
   * before a token is asked for. Without it, it is where the first request goes.
   */
  edge?: string | URL
  /**
   * The app's token of Firebase App Check, where the edge asks for one (`APP_CHECK`). Asked for at each request, so that one
   * which is good for one call (`getLimitedUseToken`) is not sent twice.
   */
  getAppCheckToken?: () => Promise<string>
  /** Called for each answer that says what is left, refusals included. */
  onBudget?: (budget: Budget) => void
  /** Requests that one call may make before it gives its caller a 429, 503 or 529; 3. With 1 it never waits. */
  attempts?: number
  /** Milliseconds that one call may wait in all; 30,000. An answer that asks for more is given to the caller at once. */
  maxWaitMs?: number
  /** The fetch that makes the requests; the global one. */
  fetch?: typeof fetch
}

const ATTEMPTS = 3
/** What says that there is no room now. 529 is what Anthropic's API has for a host that is busy. */
const BUSY: ReadonlySet<number> = new Set([429, 503, 529])
const MAX_WAIT_MS = 30_000
/** Milliseconds before the second attempt where an answer names none. Each further wait is twice as long. */
const FIRST_WAIT_MS = 500

/**
 * A `fetch` for any client that takes one. Each request has the user's fresh token in place of the client's own key; after a
 * 401 `token_expired` or a 403 `challenge_required` it is sent once more with a refreshed one, and after a 429, 503 or 529 when `Retry-After` says so. A body
 * that is a stream can be sent once, so its answer is the first. A redirect is an error: a token stays where it was sent.
 *
 * An answer with 429, 503 or 529 that is given to the caller has `x-should-retry: false`, so that a client with retries of its
 * own does not begin anew.
 * @throws TypeError for a request to another origin than the edge's, or as `fetch` throws it
 * @throws the signal's reason, whether it waits for an answer, for a token or for another attempt
 */
export function twohopFetch(getToken: GetToken, options: TwohopFetchOptions = {}): typeof fetch {
  const { getAppCheckToken, onBudget, attempts = ATTEMPTS, maxWaitMs = MAX_WAIT_MS } = options
  let edge = options.edge === undefined ? undefined : new URL(options.edge).origin
  // Looked up at each call: a page may put its own in the global one's place.
  const request: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  let refreshing: Promise<Token> | undefined

  /** Requests that find their token expired together share one refresh. */
  function refreshed() {
    refreshing ??= Promise.resolve(getToken({ forceRefresh: true })).finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  return async function twohop(input, init) {
    const given = typeof input === 'object' && 'url' in input ? input : undefined
    const url = new URL(given ? given.url : `${input}`, globalThis.location?.href)
    edge ??= trusted(url)
    if (url.origin !== edge)
      throw new TypeError(`The user's token is for ${edge} alone, so nothing is sent to ${url.origin}.`)
    const signal = init?.signal ?? given?.signal
    const again = canBeSentAgain(init?.body)
    const send = async (shown: Token, headers = new Headers(init?.headers ?? given?.headers)) => {
      // Whatever the client has for a key is no token.
      headers.delete('x-api-key')
      if (shown) headers.set('authorization', `Bearer ${shown}`)
      else headers.delete('authorization')
      if (getAppCheckToken)
        headers.set('x-firebase-appcheck', await unlessAborted(signal, getAppCheckToken()))
      const redirect = init?.redirect === 'manual' ? 'manual' : 'error'
      // A relative address would be read once more, by the page's `<base>`: that may lead elsewhere.
      return request(given ? (again ? given.clone() : given) : url.href, { ...init, headers, redirect })
    }

    let token = await unlessAborted(signal, getToken({ forceRefresh: false }))
    let fresh = false
    let waitedMs = 0
    for (let attempt = 1; ; attempt++) {
      const answer = await send(token)
      const budget = onBudget && readBudget(answer.headers)
      if (budget) onBudget(budget)
      if (!again) return answer

      if (!fresh && (await wantsFresh(answer))) {
        token = await unlessAborted(signal, refreshed())
        if (!token) return answer
        fresh = true
        attempt--
      } else if (BUSY.has(answer.status) && attempts > 1) {
        const waitMs = waitOf(answer, attempt)
        const mayCome = attempt < attempts && answer.headers.get('x-should-retry') !== 'false'
        if (!mayCome || waitedMs + waitMs > maxWaitMs) return notAgain(answer)
        await pause(signal, waitMs)
        waitedMs += waitMs
      } else return answer
      // Not waited for: nothing of it is wanted any more.
      answer.body?.cancel().catch(() => {})
    }
  }
}

/**
 * Where tokens may go that nobody has said a place for.
 * @throws TypeError where it could be read on the way
 */
function trusted({ origin, protocol, hostname }: URL): string {
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  if (protocol !== 'https:' && !local)
    throw new TypeError(`A token is not sent to ${origin} in clear, unless it is given as \`edge\`.`)
  return origin
}

/** What is sent can be sent once more: all but streams, which are read as they go. */
function canBeSentAgain(body: unknown): boolean {
  return (
    typeof body !== 'object' ||
    body === null ||
    ArrayBuffer.isView(body) ||
    [ArrayBuffer, Blob, FormData, URLSearchParams].some((kind) => body instanceof kind)
  )
}

/** Whether the same would be answered with a new token: the old one has expired, or its use was unusual. */
async function wantsFresh(answer: Response): Promise<boolean> {
  if (answer.status === 403) return (await readError(answer))?.code === 'challenge_required'
  if (answer.status !== 401) return false
  return (
    answer.headers.get('x-should-retry') === 'true' || (await readError(answer))?.code === 'token_expired'
  )
}

/** Milliseconds before the next attempt: never sooner than the edge says, and not everybody's at once. */
function waitOf({ headers }: Response, attempt: number): number {
  const seconds = retryAfterSeconds(headers.get('retry-after'))
  const waitMs = seconds === undefined ? FIRST_WAIT_MS * 2 ** (attempt - 1) : seconds * 1000
  return waitMs * (1 + Math.random() / 4)
}

/** The answer, with the word that a client with retries of its own heeds. */
function notAgain({ body, status, statusText, headers }: Response): Response {
  const said = new Headers(headers)
  said.set('x-should-retry', 'false')
  return new Response(body, { status, statusText, headers: said })
}

/** @throws the signal's reason, should it be aborted first */
function unlessAborted<T>(signal: AbortSignal | null | undefined, value: T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason)
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort)
    Promise.resolve(value)
      .then(resolve, reject)
      .finally(() => signal?.removeEventListener('abort', abort))
  })
}

async function pause(signal: AbortSignal | null | undefined, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await unlessAborted(signal, over).finally(() => clearTimeout(timer))
}
