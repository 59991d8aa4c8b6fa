import type { ErrorCode as AnyErrorCode } from '../shared/errors.ts'
import { retryAfterSeconds } from './retry-after.ts'

/** The stable codes that a client may see; docs/errors.md says when each is answered and what helps. */
export type ErrorCode = Exclude<AnyErrorCode, `service_token_${string}`>

/** A refusal or failure of Twohop. */
export type ReadError = {
  /** The stable code. An edge that is newer than this package may have others. */
  code: ErrorCode | (string & {})
  /** For people; it may change. */
  message: string
  /** Path of the field that was wrong, such as `messages[0].content`. */
  param?: string
  /** What to tell the operator. */
  requestId: string
  /** Undefined for an error in a stream that had begun. */
  status?: number
  /** When an exhausted budget begins anew. */
  resetsAt?: Date
  /** Whole seconds after which the same request may fit. */
  retryAfterSeconds?: number
}

/** The longest answer that is read for an error, in bytes: the edge's are below 2 KiB. */
const LONGEST_ERROR = 64 * 1024
/** How many errors that wrap another are opened. */
const DEEPEST = 5
/** Where the clients keep an answer, its body, or the error that they wrap. */
const HOLDERS = ['error', 'context', 'responseBody', 'httpResponse', 'body', 'lastError', 'cause'] as const

/**
 * Reads an answer that is not ok, the parsed data of an error event in a stream, or the error that a client made of one:
 * `openai`, Vercel's `ai`, `@anthropic-ai/sdk`, `@huggingface/inference`, `supabase-js` and LangChain.js keep what the edge
 * said in different places. An answer can still be read afterwards.
 * @returns undefined for what did not come from Twohop, such as a network that is away
 */
export function readError(thrown: unknown): Promise<ReadError | undefined> {
  return read(thrown, {}, DEEPEST)
}

/** What stands around an envelope. */
type Around = { status?: number | undefined; headers?: unknown }
type Fields = Record<string, unknown>

async function read(thrown: unknown, around: Around, deepest: number): Promise<ReadError | undefined> {
  if (isAnswer(thrown)) return readAnswer(thrown)
  const value = typeof thrown === 'string' ? parsed(thrown) : thrown
  if (!isObject(value) || deepest === 0) return undefined
  const here: Around = {
    status: [value.status, value.statusCode, around.status].find((status) => typeof status === 'number'),
    headers: value.headers ?? value.responseHeaders ?? around.headers,
  }
  const own = errorOf(value.error, value, here)
  if (own) return own
  for (const field of HOLDERS) {
    const found = await read(value[field], here, deepest - 1)
    if (found) return found
  }
  return undefined
}

/** Whether it is an answer of `fetch`. Some servers put a class of their own in the place of the global one, so its name is asked. */
const isAnswer = (value: unknown): value is Response =>
  Object.prototype.toString.call(value) === '[object Response]' &&
  isObject(value) &&
  (value.body === null || (isObject(value.body) && 'getReader' in value.body))

async function readAnswer(answer: Response): Promise<ReadError | undefined> {
  if (answer.ok || answer.bodyUsed) return undefined
  const envelope = parsed(await beginning(answer.clone()))
  return isObject(envelope) ? errorOf(envelope.error, envelope, answer) : undefined
}

/** The error in an envelope. What has no code, message and request id is none of Twohop's. */
function errorOf(value: unknown, envelope: Fields, { status, headers }: Around): ReadError | undefined {
  if (!isObject(value)) return undefined
  const { code, message, param, resets_at: resetsAt } = value
  const requestId = value.request_id ?? envelope.request_id
  if (typeof code !== 'string' || typeof message !== 'string' || typeof requestId !== 'string')
    return undefined
  const wait = retryAfterSeconds(
    isHeaders(headers) ? headers.get('retry-after') : isObject(headers) && headers['retry-after'],
  )
  return {
    code,
    message,
    requestId,
    ...(typeof param === 'string' && { param }),
    ...(status !== undefined && { status }),
    ...(typeof resetsAt === 'string' && { resetsAt: new Date(resetsAt) }),
    ...(wait !== undefined && { retryAfterSeconds: wait }),
  }
}

const isHeaders = (value: unknown): value is Headers => isObject(value) && typeof value.get === 'function'

/** The text of an answer, cut off where no error of the edge's is that long. */
async function beginning(answer: Response): Promise<string> {
  const reader = answer.body?.getReader()
  const decoder = new TextDecoder()
  for (let text = ''; ; ) {
    const { value, done = true } = (await reader?.read()) ?? {}
    text += decoder.decode(value, { stream: !done })
    if (done) return text
    if (text.length > LONGEST_ERROR) {
      // Not waited for: it ends when the other copy of the answer is read or given up.
      reader?.cancel().catch(() => {})
      return ''
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null
