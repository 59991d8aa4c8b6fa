import { InferenceSession } from 'onnxruntime-node'
import { createBatchEngine } from '../batching/batch-engine.ts'
import { createOrtDecoder } from '../batching/ort-decoder.ts'
import { batchedWrite } from '../batching/write.ts'
import type { LoadedText } from '../device/load.ts'
import type { Device } from '../device/port.ts'
import { unfollowedDefaults } from '../sampling/settings.ts'
import type { ServingForm } from '../serving-form/ensure.ts'
import type { EngineLoad } from './port.ts'
import type { Write } from './write-on.ts'

/** How many requests are batched, and the bytes that their caches may take together. */
export type Batching = { slots: number; memoryBytes: number }

/** Writes texts on a serving form, each together with the others under way. */
export type BatchedText = { write: Write; load(): EngineLoad }

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
  const { defaults, context } = loaded
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

  return {
    write: batchedWrite(engine),
    load() {
      const { prefilling, decoding, memoryUsed, memoryLimit } = engine.stats()
      return { batchSize: prefilling + decoding, kvCacheUsage: memoryUsed / memoryLimit }
    },
  }
}
