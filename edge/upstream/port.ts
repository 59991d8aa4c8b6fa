import type { Model } from '../../shared/catalog.ts'
import { type ErrorCode, TwohopError } from '../../shared/errors.ts'
import type { Answer } from '../../shared/fetch.ts'
import type { HostTokensRequest } from '../../shared/openai/chat.ts'

/**
 * The host's refusals before it computes an answer. They mean something to a client, and cost what it took to find out:
 * the time in which the prompt was read.
 */
export const BEFORE_COMPUTE: ReadonlySet<ErrorCode> = new Set([
  'invalid_request',
  'unsupported_audio',
  'context_length_exceeded',
  'prompt_exceeds_reservation',
  'host_busy',
  'too_many_concurrent',
  'host_not_ready',
])

/** A refusal of the host, and the milliseconds that the host says it took. */
export class HostRefusal extends TwohopError {
  readonly computeMs: number
  /** What was read of the prompt before: the seconds of a recording that had been decoded when it proved to be broken. */
  readonly promptTokens: number

  constructor(
    code: ErrorCode,
    message: string,
    evidence: ConstructorParameters<typeof TwohopError>[2],
    computeMs: number,
    promptTokens = 0,
  ) {
    super(code, message, evidence)
    this.computeMs = computeMs
    this.promptTokens = promptTokens
  }
}

/**
 * A failure of an upstream before it computed anything, so that another may be asked: nobody was reached, or who was
 * reached took nothing in.
 */
export class NothingComputed extends TwohopError {}

/** What a reservation of two tries knows of the first, where its answer did not come. */
export type Spare = {
  /** Takes what it computed, once that is known; undefined where nobody can say. It is charged beside the second. */
  lost(used: Promise<HostUsage | undefined>): void
}

/** One reserved request on its way to the host. Only a reservation makes one. */
export type HostCall = {
  requestId: string
  /** Path on the host, such as `/v1/chat/completions`. */
  path: string
  /** The host's request. Its JSON is hashed, signed and sent. */
  request: object
  /** What a foreign upstream gets in the place of it; undefined where it is the same. */
  masked?: object | undefined
  /** A file that goes with it, in one body (shared/framed.ts). Own hosts alone take one. */
  file?: Uint8Array
  account: string
  model: string
  /** The model's version, where it has versions. */
  version?: string | undefined
  /** The model as the catalog had it when the request was reserved; undefined for what it says now. */
  of?: Model | undefined
  scope: string
  reserved: { promptTokens: number; outputTokens: number }
  /** The account's share of a busy host, relative to other accounts. */
  weight: number
  /** A try beyond the first that the reservation covers; undefined where it covers one. */
  spare?: Spare | undefined
  /** Milliseconds since the epoch. */
  deadline: number
  /** Aborts the call; the host stops within two decoding steps of hearing of it. */
  signal: AbortSignal
  /** The span that calls, for own hosts alone: somebody else's API hears nothing of it. */
  traceparent?: string | undefined
}

/** A request that was sent, as who sent it names it. */
export type SentCall = Pick<HostCall, 'requestId' | 'account' | 'model' | 'version' | 'of' | 'scope'>

/** What the host says it has computed for a request. */
export type HostUsage = {
  promptTokens: number
  outputTokens: number
  computeMs: number
  /** From the host's taking it in to its first token, in milliseconds; undefined where there was none, or it does not say. */
  firstTokenMs?: number | undefined
}

/** A chat whose prompt's tokens are to be counted. Nothing is computed for it, so nothing is reserved. */
export type CountCall = Omit<
  HostCall,
  'path' | 'request' | 'masked' | 'file' | 'scope' | 'reserved' | 'spare'
> & {
  request: HostTokensRequest
  masked?: HostTokensRequest | undefined
  /** The most that there can be. */
  promptTokens: number
}

/** Calls an upstream, whoever that is: a host of our own, somebody else's API, or all of a catalog as one. */
export type UpstreamCaller = {
  /**
   * Sends the call and resolves with the host's answer once its headers are there; 2xx only.
   * @throws TwohopError with a `host_*` code or the host's own refusal
   */
  call(call: HostCall): Promise<Answer>
  /** Stops a running request and resolves with what was computed for it; undefined where the host cannot say. */
  cancel(call: SentCall): Promise<HostUsage | undefined>
  /**
   * What an ended request was, by the host's count, for callers that can wait some milliseconds: several ask at once.
   * Undefined where the host cannot say. One that still runs is stopped.
   */
  usage(call: SentCall): Promise<HostUsage | undefined>
  /**
   * Counts the tokens of a chat's prompt.
   * @throws TwohopError as `call` does
   */
  countTokens(call: CountCall): Promise<number>
  /** Tells a host that there is something new about jobs. This starts a host that was scaled to zero. Never throws. */
  wake(call: Pick<HostCall, 'requestId' | 'account' | 'model'>): Promise<void>
}
