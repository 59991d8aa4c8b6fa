import path from 'node:path'
import { SUFFIX } from '../device/dtype.ts'
import type { LoadedText } from '../device/load.ts'
import type { LoadRequest } from '../device/port.ts'
import { reasonOf } from '../device/reason.ts'
import { Unsupported } from '../onnx/unsupported.ts'
import type { EngineLoad } from '../work/engine.ts'
import { createSeq2seqBatcher } from './batcher.ts'
import { tokenRules } from './choose-token.ts'
import { openEncoderDecoder } from './encoder-decoder.ts'
import { compareTogether } from './together.ts'
import { type WriteSeq2seq, writeTogether } from './write.ts'

/** How many texts an encoder-decoder writes at once, and the bytes that their caches may take together. */
export type Seq2seqBatching = {
  slots: number
  memoryBytes: number
  /** Whether the output has to equal that of a text alone, to the last bit of its logits. */
  exact: boolean
}

/** Writes summaries and translations, each together with the others under way. */
export type BatchedSeq2seq = {
  write: WriteSeq2seq
  load(): EngineLoad
  /** How far a text's logits are from those alone, as a part of the largest. */
  difference: number
}

/** How much a text's logits may depend on another: far more than rounding, far less than a common scale makes of it. */
const MOST_DEPENDENCE = 1e-3

/** A text, and a longer one beside it. */
const PROBE = 'Hello'
const BESIDE = 'The sea was calm, and nobody was there to look at it.'

/**
 * Puts an encoder-decoder on the CPU to write many texts at once.
 * @throws Unsupported where it cannot, and is to be run one request at a time; Error where a file is missing or broken
 */
export async function loadSeq2seq(
  text: LoadedText,
  { folder, dtype, threads }: LoadRequest,
  { memoryBytes, exact }: Seq2seqBatching,
): Promise<BatchedSeq2seq> {
  const rules = tokenRules(text)
  const graph = (name: string) => path.join(folder, 'onnx', `${name}${SUFFIX[dtype]}.onnx`)
  const { tokenizer, context } = text
  const model = await openEncoderDecoder({
    files: { encoder: graph('encoder_model'), decoder: graph('decoder_model_merged') },
    threads,
    padding: tokenizer.pad_token_id ?? 0,
  })
  try {
    const idsOf = (probe: string) => tokenizer.encode(probe).slice(0, context)
    const together = await compareTogether(model, idsOf(PROBE), idsOf(BESIDE), rules.start).catch((cause) => {
      throw new Unsupported(`it does not run with several texts: ${reasonOf(cause)}`, cause)
    })
    const { difference, dependence, bytes } = together
    if (dependence > MOST_DEPENDENCE)
      throw new Unsupported(
        `what it writes of a text depends on the texts beside it (by ${dependence.toPrecision(2)} of the largest logit)`,
      )
    if (exact && difference > 0)
      throw new Unsupported('HOST_EXACT is set, and a batch differs from a text alone in the last bits')
    const now = () => performance.now()
    const batcher = createSeq2seqBatcher({ model, start: rules.start, bytes, memoryBytes, now })
    return {
      difference,
      write: writeTogether(batcher, rules),
      load() {
        const { writing, memoryUsed, memoryLimit } = batcher.stats()
        return { batchSize: writing, kvCacheUsage: Math.min(1, memoryUsed / memoryLimit) }
      },
    }
  } catch (cause) {
    await model.close()
    throw cause
  }
}
