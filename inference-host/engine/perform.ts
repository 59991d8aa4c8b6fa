import { inputsOf, type Loaded } from '../device/load.ts'
import { classify, countTokens, embed, encodeTexts } from './encode.ts'
import { generate } from './generate.ts'
import { decoderRoom, rewriteRoom } from './limits.ts'
import type { EngineEvent, Job, Output, Sampling } from './port.ts'
import { chatPrompt, textPrompt } from './prompt.ts'
import { seededRandom } from './random.ts'
import { rewriteInputs } from './rewrite.ts'
import { createSampler } from './sampling.ts'

/** How many tokens were computed so far; right at any moment, so also when the job fails. */
export type Counts = { promptTokens: number; outputTokens: number }

type Options = {
  counts: Counts
  /** True when the job is to end; asked before compute and at every step. */
  stopped: () => boolean
  report: (event: Exclude<EngineEvent, { type: 'ended' }>) => void
  /** A seed for a request that names none. */
  newSeed: () => number
}

const GREEDY: Sampling = { temperature: 0, topP: undefined, seed: undefined, stop: [] }

/**
 * Does one job on a loaded model. Undefined is returned when `stopped` ended it.
 * @throws TwohopError before any compute where the job goes beyond its reservation or the model's context.
 */
export async function perform(loaded: Loaded, job: Job, options: Options): Promise<Output | undefined> {
  switch (job.kind) {
    case 'chat':
      return write(loaded, inputsOf(chatPrompt(loaded, job.messages)), job.sampling, job, options)
    case 'complete':
      return write(loaded, inputsOf(textPrompt(loaded, job.prompt)), job.sampling, job, options)
    case 'rewrite':
      return write(loaded, rewriteInputs(loaded, job), GREEDY, job, options)
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

/** Generates text after a prompt (or, for a model that rewrites, from its encoder's input). */
async function write(
  loaded: Loaded,
  inputs: ReturnType<typeof inputsOf> & Record<string, unknown>,
  sampling: Sampling,
  { kind, limits }: Job,
  { counts, stopped, report, newSeed }: Options,
): Promise<Output | undefined> {
  const promptTokens = inputs.input_ids.dims.at(-1) ?? 0
  const room = (kind === 'rewrite' ? rewriteRoom : decoderRoom)(promptTokens, limits, loaded.context)
  if (stopped()) return undefined
  counts.promptTokens = promptTokens
  report({ type: 'started', promptTokens })
  const random = seededRandom(sampling.seed ?? newSeed())
  const finishReason = await generate(loaded, {
    inputs,
    room,
    sampler: createSampler(sampling, loaded.defaults, random),
    stop: sampling.stop,
    stopped,
    onToken(text, outputTokens) {
      counts.outputTokens = outputTokens
      report({ type: 'token', text, outputTokens })
    },
  })
  return finishReason && { kind: 'text', finishReason }
}

/** Runs `one` for each text in turn, counting a text's tokens as its turn comes. */
async function each<Result>(
  loaded: Loaded,
  { texts, limits }: { texts: readonly string[] } & Pick<Job, 'limits'>,
  field: string,
  { counts, stopped, report }: Options,
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
