import { InferenceSession } from 'onnxruntime-node'
import { createBatchEngine } from '../batching/batch-engine.ts'
import { createOrtDecoder } from '../batching/ort-decoder.ts'
import { writeText } from '../batching/write.ts'
import type { LoadedText } from '../device/load.ts'
import type { Device } from '../device/port.ts'
import { createTokenSampler } from '../sampling/sampler.ts'
import { unfollowedDefaults } from '../sampling/settings.ts'
import type { ServingForm } from '../serving-form/ensure.ts'
import { decoderRoom } from './limits.ts'
import type { PerformOptions } from './perform.ts'
import type { EngineLoad, Job, Output } from './port.ts'
import { chatPrompt, textPrompt } from './prompt.ts'
import { seededRandom } from './random.ts'

/** How many requests are batched, and the bytes that their caches may take together. */
export type Batching = { slots: number; memoryBytes: number }

export type BatchedText = {
  /** Does one job together with the others under way. As `perform` does otherwise. */
  perform(job: Job, options: PerformOptions): Promise<Output | undefined>
  load(): EngineLoad
}

/**
 * Puts a decoder's serving form on its device and batches what is asked of it.
 * @throws Error where the model's own settings or the memory do not allow it
 */
export async function loadBatched(
  loaded: LoadedText,
  { file, description }: Pick<ServingForm, 'file' | 'description'>,
  { slots, memoryBytes }: Batching,
  { device, threads }: { device: Device; threads: number },
): Promise<BatchedText> {
  const { tokenizer, defaults, context } = loaded
  const unfollowed = unfollowedDefaults(defaults)
  if (unfollowed.length > 0) throw new Error(`its generation config asks for ${unfollowed.join(', ')}`)
  const session = await InferenceSession.create(file, {
    executionProviders: [device],
    intraOpNumThreads: threads,
    logSeverityLevel: 4,
  })
  const engine = createBatchEngine({
    decoder: createOrtDecoder(session, description),
    slots,
    memoryBytes,
    context,
    now: () => performance.now(),
  })
  const ends = new Set([defaults.eos_token_id ?? []].flat())
  const decode = (ids: number[]) =>
    tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false })

  return {
    load() {
      const { prefilling, decoding, memoryUsed, memoryLimit } = engine.stats()
      return { batchSize: prefilling + decoding, kvCacheUsage: memoryUsed / memoryLimit }
    },
    async perform(job, { counts, stopped, report, newSeed }) {
      if (job.kind !== 'chat' && job.kind !== 'complete') throw new Error(`a decoder does no ${job.kind}`)
      const { sampling, limits, account } = job
      const prompt = job.kind === 'chat' ? chatPrompt(loaded, job.messages) : textPrompt(loaded, job.prompt)
      const room = decoderRoom(prompt.length, limits, context)
      if (stopped()) return undefined
      const written = await writeText(engine, {
        prompt,
        room,
        sampler: createTokenSampler({
          settings: sampling,
          defaults,
          prompt,
          random: seededRandom(sampling.seed ?? newSeed()),
        }),
        ends,
        stop: sampling.stop,
        decode,
        namespace: account,
        stopped,
        onStart(cachedPromptTokens) {
          counts.promptTokens = prompt.length
          counts.cachedPromptTokens = cachedPromptTokens
          report({ type: 'started', promptTokens: prompt.length, cachedPromptTokens })
        },
        onToken(text, outputTokens) {
          counts.outputTokens = outputTokens
          report({ type: 'token', text, outputTokens })
        },
      })
      counts.computeMs = written.computeMs
      if (written.failure !== undefined) throw written.failure.cause
      return written.finishReason && { kind: 'text', finishReason: written.finishReason }
    },
  }
}
