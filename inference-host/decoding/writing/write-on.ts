import type { FinishReason, TokenLogprob } from '../../../shared/openai/chat.ts'
import type { LoadedText } from '../../device/load.ts'
import type { Output, PerformOptions } from '../../work/engine.ts'
import { decoderRoom } from '../../work/limits.ts'
import type { Work } from '../../work/work.ts'
import { type ChosenToken, createTokenSampler, type TokenSampler } from '../sampling/sampler.ts'
import type { TokenConstraint } from '../sampling/token-mask.ts'
import type { Matcher } from '../structure/matcher.ts'
import type { Following } from '../structure/matchers.ts'
import { type AnswerText, createAnswerText, textRulesOf } from './answer-text.ts'
import { chatPrompt, type Shown, textPrompt } from './prompt.ts'
import { seededRandom } from './random.ts'
import type { TokenBytes } from './token-bytes.ts'

/** One text to generate after a prompt. */
export type Writing = {
  prompt: readonly number[]
  /** The most tokens to generate, at least 1. */
  room: number
  sampler: TokenSampler
  /** Whether a structure rules what the sampler chooses. */
  constrained: boolean
  answer: AnswerText
  /** Who may reuse the computed prompt. Undefined is nobody. */
  namespace: string | undefined
  /** Asked at every step; true ends the text there. */
  stopped: () => boolean
  onStart: (cachedPromptTokens: number | undefined) => void
  /**
   * Called with each token, the text that it completes (may be empty), the count so far, and how many tokens have their
   * text passed on with it.
   */
  onToken: (text: string, outputTokens: number, token: ChosenToken, passed: number) => void
}

/** How a text ended: no reason where `stopped` ended it, `cause` where it failed. */
export type Written = {
  finishReason?: FinishReason
  failure?: { cause: unknown }
  /** Its share of the time, where it was not alone. */
  computeMs?: number
}

/** What is known of a text that was written together with others. */
type End = { computeMs: number } & (
  | { how: 'finished' }
  | { how: 'stopped' }
  | { how: 'failed'; cause: unknown }
)

/** How a text that was written together with others ended. `finish` is what its last token said. */
export function writtenOf({ computeMs, ...end }: End, finish: FinishReason | undefined): Written {
  if (end.how === 'failed') return { computeMs, failure: { cause: end.cause } }
  return end.how === 'finished' && finish !== undefined ? { computeMs, finishReason: finish } : { computeMs }
}

/** Generates a text, counting every token that was computed: the end token and those of a stop string too. */
export type Write = (writing: Writing) => Promise<Written>

/** What texts are written with. */
export type Writer = {
  loaded: LoadedText
  tokens: TokenBytes
  write: Write
  /** Whether several texts may be written at once. */
  together: boolean
  /** The images of the chat, for a model that sees. */
  shown?: Shown | undefined
}

/**
 * Continues a chat or a text, as many times as asked. Returns undefined when `stopped` ended it.
 * @throws TwohopError before any compute where the work goes beyond its reservation or the model's context, or no whole
 * answer of its structure fits.
 */
export async function writeOn(
  { loaded, tokens, write, together, shown }: Writer,
  work: Extract<Work, { kind: 'chat' | 'complete' }>,
  { counts, stopped, report, newSeed }: PerformOptions,
): Promise<Output | undefined> {
  const { sampling, limits, account, structure, answers = 1 } = work
  const { defaults, context } = loaded
  const spend = (ms: number) => {
    counts.readMs += ms
  }
  const follows = (ms: number) => {
    counts.structureMs = (counts.structureMs ?? 0) + ms
  }
  const prompt = await (work.kind === 'chat'
    ? chatPrompt(loaded, work.messages, { ...work, shown }, spend)
    : textPrompt(loaded, work.prompt, spend))
  const each = { ...limits, outputTokens: Math.floor(limits.outputTokens / answers) }
  const room = decoderRoom(prompt.length, each, context, work.kind === 'chat' ? 'messages' : 'prompt')
  const seed = sampling.seed ?? newSeed()
  const rules = textRulesOf(loaded)
  /** Set where one of several texts failed: the others then end too. */
  let failed = false

  /** Follows the structure. The first time takes longest: it is bound to the model's tokens, on everybody's thread. */
  function follow(): Following | undefined {
    if (structure === undefined) return undefined
    const began = performance.now()
    try {
      return tokens.follow(structure, room)
    } finally {
      spend(performance.now() - began)
    }
  }

  /** The text of each answer. */
  const texts: AnswerText[] = []

  function writing(answer: number, by: Matcher | undefined, onFirst: () => void): Writing {
    /** Of the tokens whose text is held back: it may turn out to begin a stop string. */
    const held: (TokenLogprob | undefined)[] = []
    const answerText = createAnswerText(rules, sampling.stop, by)
    texts[answer] = answerText
    return {
      prompt,
      room,
      sampler: createTokenSampler({
        settings: sampling,
        defaults,
        prompt,
        random: seededRandom(seed, answer),
        constrained: by && { by: timed(by, follows), room },
      }),
      constrained: by !== undefined,
      answer: answerText,
      namespace: account,
      stopped: () => failed || stopped(),
      onStart(cachedPromptTokens) {
        if (answer > 0) return
        counts.promptTokens = prompt.length
        const cached = cachedPromptTokens === undefined ? {} : { cachedPromptTokens }
        report({ type: 'started', promptTokens: prompt.length, ...cached })
      },
      onToken(text, _, token, passed) {
        counts.outputTokens++
        held.push(rules.ends.has(token.id) ? undefined : tokens.logprob(token))
        const logprobs = held.splice(0, passed).filter((logprob) => logprob !== undefined)
        report({
          type: 'token',
          text,
          outputTokens: counts.outputTokens,
          ...(answers > 1 && { answer }),
          ...(logprobs.length > 0 && { logprobs }),
        })
        onFirst()
      },
    }
  }

  async function one(answer: number, onFirst = () => {}): Promise<Written> {
    const written = await write(writing(answer, following?.start(), onFirst))
    if (written.computeMs !== undefined) counts.computeMs = (counts.computeMs ?? 0) + written.computeMs
    if (written.failure !== undefined) failed = true
    return written
  }

  const following = follow()
  try {
    if (stopped()) return undefined
    return outputOf(await several(answers, one, together), texts)
  } finally {
    following?.end()
  }
}

/** A constraint that tells the milliseconds that it takes. */
function timed(by: TokenConstraint, spend: (ms: number) => void): TokenConstraint {
  function took<T>(act: () => T): T {
    const began = performance.now()
    try {
      return act()
    } finally {
      spend(performance.now() - began)
    }
  }
  return {
    next: (mask, remaining) => took(() => by.next(mask, remaining)),
    cut: () => by.cut(),
    accept: (id) => took(() => by.accept(id)),
  }
}

/** What was written, once all has ended. Undefined where a text was stopped. @throws what one of them failed with */
function outputOf(written: readonly Written[], texts: readonly AnswerText[]): Output | undefined {
  const failure = written.find((text) => text.failure !== undefined)?.failure
  if (failure !== undefined) throw failure.cause
  const finishReasons = written.flatMap(({ finishReason }) => finishReason ?? [])
  if (finishReasons.length < written.length) return undefined
  const stopStrings = texts.map(({ stop }) => stop)
  const stoppedByOne = stopStrings.some((stop) => stop !== undefined)
  return { kind: 'text', finishReasons, ...(stoppedByOne && { stopStrings }) }
}

/**
 * Writes `count` texts to one prompt. Where they may be written together, the others begin once the first has its first
 * token: the computed prompt is in the cache by then.
 */
async function several(
  count: number,
  one: (answer: number, onFirst?: () => void) => Promise<Written>,
  together: boolean,
): Promise<Written[]> {
  if (together && count > 1) {
    const { promise: first, resolve } = Promise.withResolvers<void>()
    const leader = one(0, resolve)
    await Promise.race([first, leader])
    return Promise.all([leader, ...Array.from({ length: count - 1 }, (_, i) => one(i + 1))])
  }
  const written: Written[] = []
  for (let answer = 0; answer < count; answer++) written.push(await one(answer))
  return written
}
