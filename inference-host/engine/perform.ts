import type { Loaded } from '../device/load.ts'
import { createAnswerText, textRulesOf } from './answer-text.ts'
import { classify, countTokens, embed, encodeTexts } from './encode.ts'
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
 * Does one job on a loaded model. Undefined is returned when `stopped` ended it.
 * @throws TwohopError before any compute where the job goes beyond its reservation or the model's context.
 */
export async function perform(
  loaded: Loaded,
  job: Job,
  options: PerformOptions,
): Promise<Output | undefined> {
  switch (job.kind) {
    case 'chat':
    case 'complete':
      throw new Error(`${job.kind} is a decoder's`)
    case 'rewrite':
      return rewrite(loaded, job, options)
    case 'embed': {
      const json = await each(loaded, job, 'input', options, async (ids) =>
        vectorJson(await embed(loaded, ids, job.normalize), job.encoding),
      )
      return json && { kind: 'vectors', json }
    }
    case 'classify': {
      const labels = await each(loaded, job, 'inputs', options, (ids) => classify(loaded, ids, job.topK))
      return labels && { kind: 'labels', labels }
    }
  }
}

/** Writes a text anew, greedily, from the encoder's input. */
async function rewrite(
  loaded: Loaded,
  job: Extract<Job, { kind: 'rewrite' }>,
  { counts, stopped, report }: PerformOptions,
): Promise<Output | undefined> {
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

/** Runs `one` for each text in turn, counting a text's tokens as its turn comes. */
async function each<Result>(
  loaded: Loaded,
  { texts, limits }: { texts: readonly string[] } & Pick<Job, 'limits'>,
  field: string,
  { counts, stopped, report }: PerformOptions,
  one: (ids: readonly number[]) => Promise<Result>,
): Promise<Result[] | undefined> {
  const encoded = encodeTexts(loaded, texts, limits, field)
  if (stopped()) return undefined
  report({ type: 'started', promptTokens: countTokens(encoded) })
  const results: Result[] = []
  for (const ids of encoded) {
    if (stopped()) return undefined
    counts.promptTokens += ids.length
    results.push(await one(ids))
  }
  return results
}

function vectorJson(vector: Float32Array, encoding: 'float' | 'base64'): string {
  if (encoding === 'float') return JSON.stringify(Array.from(vector))
  // Typed arrays are little-endian on every machine that Node runs on, which is what OpenAI's clients expect.
  return JSON.stringify(Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64'))
}
