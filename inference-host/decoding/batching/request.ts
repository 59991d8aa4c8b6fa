import type { ChosenToken, TokenSampler } from '../sampling/sampler.ts'
import type { KvBuffer } from './kv-buffer.ts'
import { namespaceOfAccount, PUBLIC, prefixKeys, publicLength } from './prefix-keys.ts'
import { laneFor, type Sizes } from './sizes.ts'

/**
 * What was computed for a request. `computeMs` is its share of each call that it had a part in, and what the choice of its
 * own tokens took: the masks of its structure, its penalties. It is not rounded.
 */
export type Counted = {
  promptTokens: number
  /** Prompt tokens that came from the prefix cache. */
  cachedPromptTokens: number
  outputTokens: number
  computeMs: number
}

/** `failed` carries what a call, the sampler or the taker threw. */
export type BatchEnd = Counted &
  ({ how: 'finished' } | { how: 'stopped' } | { how: 'failed'; cause: unknown })

/** One sequence to generate. `ended` comes exactly once in any case, and nothing is called after it. */
export type BatchRequest = {
  /** At least one token id. */
  prompt: readonly number[]
  /** The most tokens to generate, at least 1. */
  most: number
  /** Requests of the same name may reuse the computed prompt. Undefined shares only public prefixes. */
  namespace: string | undefined
  choose: TokenSampler
  /** Whether a structure rules what it chooses, which may take long. */
  constrained?: boolean
  /** Takes each token as it comes; true ends the sequence. `last` says that `most` is reached: it ends either way. */
  take(token: ChosenToken, last: boolean): boolean
  /** Asked before each call of the decoder; true ends the sequence there. */
  stopped(): boolean
  /** The prompt's computation begins. */
  started(cachedPromptTokens: number): void
  ended(end: BatchEnd): void
}

/** A request on its way. */
export type Sequence = {
  readonly request: BatchRequest
  /** Keys of the prompt's full blocks in the prefix cache. */
  readonly keys: readonly string[]
  /** The size in tokens of the largest buffer slot that it may need. */
  readonly bound: number
  readonly counted: Counted
  /** Tokens in the cache. */
  length: number
  /** The token to feed next, once the prompt is computed. */
  next: number
  /** Milliseconds that its structure took and that are not paid yet, see debts.ts. */
  owesMs: number
  /** Where the prompt is computed; undefined before and after. */
  staged: KvBuffer | undefined
}

type Setting = { sizes: Sizes; context: number; publicPrefixes: readonly (readonly number[])[] }

/** @throws RangeError where prompt and output together are nothing, or more than `context` tokens. */
export function createSequence(request: BatchRequest, { sizes, context, publicPrefixes }: Setting): Sequence {
  const { prompt, most, namespace } = request
  if (prompt.length < 1 || most < 1 || prompt.length + most > context)
    throw new RangeError(
      `a prompt of ${prompt.length} and an output of ${most} tokens in a context of ${context}`,
    )
  const shared = publicLength(prompt, publicPrefixes)
  const own = namespace === undefined ? undefined : namespaceOfAccount(namespace)
  return {
    request,
    keys: prefixKeys(prompt, sizes.block, (end) => (end <= shared ? PUBLIC : own)),
    // The last token is never fed.
    bound: laneFor(prompt.length + most - 1, context, sizes),
    counted: { promptTokens: 0, cachedPromptTokens: 0, outputTokens: 0, computeMs: 0 },
    length: 0,
    next: 0,
    owesMs: 0,
    staged: undefined,
  }
}

/**
 * Lets the request choose and take its next token. True where that was its last. @throws what choosing or taking throws
 */
export function takeToken(sequence: Sequence, logits: Float32Array): boolean {
  const { request, counted } = sequence
  const token = request.choose(logits)
  counted.outputTokens++
  sequence.next = token.id
  const last = counted.outputTokens >= request.most
  return request.take(token, last) || last
}
