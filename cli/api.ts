import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { retryAfterSeconds } from '../shared/retry-after.ts'
import { type CliContext, CliError } from './context.ts'
import { jsonOf, target } from './deployment.ts'

/** Milliseconds that one request may take. */
const TIMEOUT_MS = 30_000
/** How often a read that came too often is sent again, and the longest wait for it in seconds: its minute's. */
const MOST_WAITS = 3
const LONGEST_WAIT_S = 60

const Envelope = z.looseObject({
  error: z.looseObject({ code: z.string(), message: z.string(), param: z.string().nullish() }),
})

type Request = { method: 'GET' | 'POST' | 'DELETE'; path: string; body?: object }

/**
 * Sends a request to the deployment that `TWOHOP_URL` names, with the token or API key in `TWOHOP_TOKEN`. These are not
 * options, because a typed line stays in the shell's history and shows in the list of processes. A long list takes more
 * reads than a minute has; such a read waits for as long as the answer says.
 * @param schema what the answer must be
 * @throws CliError with the answer's own code and message; `usage` where a variable is missing or the address would
 *   send the token in clear text; `unreachable` or `bad_answer`
 */
export async function askApi<S extends z.ZodType>(
  { signal }: CliContext,
  schema: S,
  { method, path, body }: Request,
): Promise<z.output<S>> {
  const { url, token } = target()
  let status: number
  let reply: unknown
  try {
    const send = () =>
      fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      })
    let answer = await send()
    for (let waits = 0; method === 'GET' && waits < MOST_WAITS; waits++) {
      const seconds = waitOf(answer)
      if (seconds === undefined) break
      await answer.body?.cancel()
      await wait(seconds * 1000, undefined, { signal })
      answer = await send()
    }
    status = answer.status
    reply = await jsonOf(answer)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('unreachable', `${url} does not answer.`, { cause })
  }
  if (status >= 400) {
    const refusal = Envelope.safeParse(reply)
    if (refusal.success) {
      const { code, message, param } = refusal.data.error
      // Alone, "Expected ..." does not say which of the options is meant.
      throw new CliError(code, plain(code === 'invalid_request' && param ? `${param}: ${message}` : message))
    }
    throw new CliError('bad_answer', `${url} answers ${status}, and not as Twohop does.`)
  }
  const result = schema.safeParse(reply)
  if (result.success) return result.data
  throw new CliError('bad_answer', `${url} answers in another form than this version knows.`)
}

/** More pages than any deployment has at which a list is read. */
const MOST_PAGES = 10_000

/**
 * The entries of a list that comes in pages, up to `most` of them.
 * @param of what the query of one page is, behind the `next` of the page before; empty for the first
 * @throws CliError as `askApi` does; `bad_answer` where the list has no end
 */
export async function listApi<Entry>(
  context: CliContext,
  schema: z.ZodType<{ data: Entry[]; next: string | null }>,
  { path, most, of }: { path: string; most: number; of: (found: number) => Record<string, string> },
): Promise<Entry[]> {
  const found: Entry[] = []
  const seen = new Set<string>()
  for (let next: string | null = ''; next !== null && found.length < most; ) {
    if (seen.has(next) || seen.size === MOST_PAGES)
      throw new CliError('bad_answer', `The list of ${path} has no end: TWOHOP_URL names no edge of Twohop.`)
    seen.add(next)
    const query = new URLSearchParams({ ...of(found.length), ...(next && { next }) })
    const page: { data: Entry[]; next: string | null } = await askApi(context, schema, {
      method: 'GET',
      path: `${path}?${query}`,
    })
    found.push(...page.data)
    next = page.next
  }
  return found
}

/** The seconds after which a refused request may come again; undefined where it was not refused for coming too often. */
function waitOf({ status, headers }: Response): number | undefined {
  const seconds = retryAfterSeconds(headers.get('retry-after'))
  return status === 429 && seconds !== undefined && seconds <= LONGEST_WAIT_S ? seconds : undefined
}

/** Makes a foreign text safe for a terminal: control characters, which could change what is shown, become `?`. */
export const plain = (text: string): string => text.replace(/\p{C}/gu, '?')

/** Seconds since the epoch as a date and a time in UTC; `-` for none. */
export function timeText(seconds: number | null): string {
  return seconds === null ? '-' : `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')}`
}
