import { createBatchEngine } from '../decoding/batching/batch-engine.ts'
import { openDecoder } from '../decoding/batching/open-decoder.ts'
import { batchedWrite } from '../decoding/batching/write.ts'
import { unfollowedDefaults } from '../decoding/sampling/settings.ts'
import type { ServingForm } from '../decoding/serving-form/ensure.ts'
import { publicPrefixes } from '../decoding/writing/public-prefixes.ts'
import type { Write } from '../decoding/writing/write-on.ts'
import type { LoadedText } from '../device/load.ts'
import type { Device } from '../device/port.ts'
import type { EngineLoad } from '../work/engine.ts'

export type Batching = {
  /** How many requests are batched. */
  slots: number
  /** The bytes that their caches may take together. */
  memoryBytes: number
  /** Texts at the start of prompts. All accounts may share their computed tokens. */
  publicPrefixes: readonly string[]
  /**
   * One sequence a call. It is for kernels that round several otherwise than one, where answers must equal those of a
   * sequence alone.
   */
  oneByOne: boolean
}

/** After this long without a request, in milliseconds, buffers that nobody uses are given back. */
const IDLE_MS = 60_000

/** Writes texts on a serving form, each together with the others under way. */
export type BatchedText = { write: Write; load(): EngineLoad }

/**
 * Puts a decoder's serving form on its device and batches what is asked of it.
 * @throws Error where the model's own settings or the memory do not allow it
 */
export async function loadBatched(
  loaded: LoadedText,
  { file, description }: Pick<ServingForm, 'file' | 'description'>,
  { slots, memoryBytes, publicPrefixes: texts, oneByOne }: Batching,
  { device, threads }: { device: Device; threads: number },
): Promise<BatchedText> {
  const { defaults, context } = loaded
  const unfollowed = unfollowedDefaults(defaults)
  if (unfollowed.length > 0) throw new Error(`its generation config asks for ${unfollowed.join(', ')}`)
  const engine = createBatchEngine({
    decoder: await openDecoder(file, description, { device, threads }),
    slots,
    memoryBytes,
    context,
    publicPrefixes: await publicPrefixes(loaded, texts),
    ...(oneByOne && { rowsPerCall: 1 }),
    now: () => performance.now(),
  })
  setInterval(() => engine.trim(), IDLE_MS).unref()

  return {
    write: batchedWrite(engine),
    load() {
      const { prefilling, decoding, memoryUsed, memoryLimit } = engine.stats()
      return { batchSize: prefilling + decoding, kvCacheUsage: memoryUsed / memoryLimit }
    },
  }
}
