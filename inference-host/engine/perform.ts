import type { Loaded } from '../device/load.ts'
import { createAnswerText, textRulesOf } from './answer-text.ts'
import { generate } from './generate.ts'
import { rewriteRoom } from './limits.ts'
import type { EngineEvent, Job, Output } from './port.ts'
import { rewriteInputs } from './rewrite.ts'

/**
 * How many tokens were computed so far; right at any moment, so also when the job fails. `computeMs` is the job's share
 * of the time, where it was not alone.
 */
export type Counts = {
  promptTokens: number
  outputTokens: number
  computeMs?: number
}

export type PerformOptions = {
  counts: Counts
  /** True when the job is to end; asked before compute and at every step. */
  stopped: () => boolean
  report: (event: Exclude<EngineEvent, { type: 'ended' }>) => void
  /** A seed for a request that names none. */
  newSeed: () => number
}

/**
 * Does one job of a model that rewrites: writes a text anew, greedily, from the encoder's input. Undefined is returned when `stopped` ended it.
 * @throws TwohopError before any compute where the job goes beyond its reservation or the model's context.
 */
export async function perform(
  loaded: Loaded,
  job: Job,
  { counts, stopped, report }: PerformOptions,
): Promise<Output | undefined> {
  if (job.kind !== 'rewrite') throw new Error(`a model that rewrites does no ${job.kind}`)
  const inputs = rewriteInputs(loaded, job)
  const promptTokens = inputs.input_ids.dims.at(-1) ?? 0
  const room = rewriteRoom(promptTokens, job.limits, loaded.context)
  if (stopped()) return undefined
  counts.promptTokens = promptTokens
  report({ type: 'started', promptTokens })
  const finishReason = await generate(loaded, {
    inputs,
    room,
    sampler: undefined,
    answer: createAnswerText(textRulesOf(loaded), []),
    stopped,
    onToken(text, outputTokens) {
      counts.outputTokens = outputTokens
      report({ type: 'token', text, outputTokens })
    },
  })
  return finishReason && { kind: 'text', finishReasons: [finishReason] }
}
