import type { FinishReason } from '../../shared/openai/chat.ts'
import type { LoadedText } from '../device/load.ts'
import { type ChosenToken, createTokenSampler, type TokenSampler } from '../sampling/sampler.ts'
import { type AnswerText, createAnswerText, textRulesOf } from './answer-text.ts'
import { decoderRoom } from './limits.ts'
import type { PerformOptions } from './perform.ts'
import type { Job, Output } from './port.ts'
import { chatPrompt, textPrompt } from './prompt.ts'
import { seededRandom } from './random.ts'

/** One text to generate after a prompt. */
export type Writing = {
  prompt: readonly number[]
  /** The most tokens to generate, at least 1. */
  room: number
  sampler: TokenSampler
  answer: AnswerText
  /** Who may reuse what was computed of the prompt; undefined is nobody. */
  namespace: string | undefined
  /** Asked at every step; true ends the text there. */
  stopped: () => boolean
  onStart: (cachedPromptTokens: number | undefined) => void
  /** Called with each token, the text that it completes (may be empty), and the count so far. */
  onToken: (text: string, outputTokens: number, token: ChosenToken) => void
}

/** How a text ended: no reason where `stopped` ended it, `cause` where it failed. */
export type Written = {
  finishReason?: FinishReason
  failure?: { cause: unknown }
  /** Its share of the time, where it was not alone. */
  computeMs?: number
}

/** Generates a text, counting every token that was computed: the end token and those of a stop string too. */
export type Write = (writing: Writing) => Promise<Written>

/**
 * Goes on with a chat or a text. Undefined is returned when `stopped` ended it.
 * @throws TwohopError before any compute where the job goes beyond its reservation or the model's context.
 */
export async function writeOn(
  loaded: LoadedText,
  job: Extract<Job, { kind: 'chat' | 'complete' }>,
  { counts, stopped, report, newSeed }: PerformOptions,
  write: Write,
): Promise<Output | undefined> {
  const { sampling, limits, account } = job
  const { defaults, context } = loaded
  const prompt = job.kind === 'chat' ? chatPrompt(loaded, job.messages) : textPrompt(loaded, job.prompt)
  const room = decoderRoom(prompt.length, limits, context)
  if (stopped()) return undefined
  const random = seededRandom(sampling.seed ?? newSeed())
  const { finishReason, failure, computeMs } = await write({
    prompt,
    room,
    sampler: createTokenSampler({ settings: sampling, defaults, prompt, random }),
    answer: createAnswerText(textRulesOf(loaded), sampling.stop),
    namespace: account,
    stopped,
    onStart(cachedPromptTokens) {
      counts.promptTokens = prompt.length
      const cached = cachedPromptTokens === undefined ? {} : { cachedPromptTokens }
      report({ type: 'started', promptTokens: prompt.length, ...cached })
    },
    onToken(text, outputTokens) {
      counts.outputTokens = outputTokens
      report({ type: 'token', text, outputTokens })
    },
  })
  if (computeMs !== undefined) counts.computeMs = computeMs
  if (failure !== undefined) throw failure.cause
  return finishReason && { kind: 'text', finishReason }
}
