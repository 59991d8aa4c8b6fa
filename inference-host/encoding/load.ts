import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { SUFFIX } from '../device/dtype.ts'
import { type LoadedText, loadText } from '../device/load.ts'
import type { LoadRequest } from '../device/port.ts'
import { decodeOnnx } from '../onnx/file.ts'
import { createTextTokens, textTokensOf } from '../tokens/text-tokens.ts'
import type { EngineLoad, Output, PerformOptions } from '../work/engine.ts'
import { checkReservation } from '../work/limits.ts'
import type { Work } from '../work/work.ts'
import { keepApart } from './apart.ts'
import { createBatcher } from './batcher.ts'
import { BATCH, type BatchRules } from './choose.ts'
import { openEncoder } from './lanes.ts'
import { readPooling } from './pooling.ts'
import { readingOf } from './reading.ts'
import { countTokens, tokenize } from './tokenize.ts'

/** Requests whose texts an encoder computes together. */
export const ENCODER_SLOTS = 16

/** An encoder that does many requests' work at once. */
export type LoadedEncoder = {
  text: LoadedText
  slots: number
  /** Does one piece of work together with the others under way. Resolves with undefined when `stopped` ended it. */
  perform(work: Work, options: PerformOptions): Promise<Output | undefined>
  load(): EngineLoad
}

/**
 * Puts an encoder on its device, with its tokenizer.
 * @throws Error where a file is missing or broken, or the model pools in a way that is not known here
 */
export async function loadEncoder(request: LoadRequest): Promise<LoadedEncoder> {
  const { folder, device, dtype, threads } = request
  const text = await loadText(request)
  const file = path.join(folder, 'onnx', `model${SUFFIX[dtype]}.onnx`)
  const pooling = request.task === 'feature-extraction' ? await readPooling(folder) : 'mean'
  const rules = await rulesFor(file)
  const { tokenizer, config, context } = text
  const encoder = await openEncoder(file, { device, threads, padding: tokenizer.pad_token_id ?? 0 })
  const now = () => performance.now()
  // Where a mask is to be filled in, the one that sends a text puts it there.
  const masked = createTextTokens(tokenizer, new Set([tokenizer.mask_token]))
  const batcher = createBatcher({ encoder, rules, now })
  const model = { tokenizer, config, pooling, outputs: encoder.outputs }
  return {
    text,
    slots: ENCODER_SLOTS,
    load: () => ({ batchSize: batcher.running, kvCacheUsage: 0 }),
    async perform(work, { counts, stopped, report }) {
      const reading = readingOf(model, work)
      const pause = () => new Promise<void>((resolve) => setImmediate(resolve))
      const { truncate } = reading
      const tokens = work.kind === 'fill_mask' ? masked : textTokensOf(tokenizer)
      const apart = 'apart' in work && work.apart === true
      const spend = (ms: number) => {
        counts.readMs += ms
      }
      const how = { tokens, context, truncate, apart, pause, now, spend }
      const tokenized = await tokenize(reading.inputs, how)
      const { kept, items } = keepApart(reading.inputs, tokenized)
      const rows = kept.map(({ row }) => row)
      const promptTokens = countTokens(rows)
      checkReservation(promptTokens, work.limits)
      if (stopped()) return undefined
      report({ type: 'started', promptTokens })
      const take: Parameters<typeof batcher.encode>[0]['take'] = (index, outputs) => {
        const one = kept[index]
        if (one !== undefined) reading.take(one.index, one.row, outputs)
      }
      const finished = await batcher.encode({ rows, take, stopped, counts, background: work.background })
      return finished ? { kind: 'items', json: items(reading.items()) } : undefined
    },
  }
}

/** Operators that scale by the largest value in the whole batch. */
const SCALES_BY_BATCH = new Set(['DynamicQuantizeLinear', 'DynamicQuantizeMatMul'])

/**
 * How a graph may be batched. A graph that quantizes its activations as it runs shares their range among all rows of a
 * call. A text's answer would then depend on the other texts in the call, so every text goes alone.
 */
async function rulesFor(file: string): Promise<BatchRules> {
  const { graph } = decodeOnnx(await readFile(file))
  const scales = graph.node.some(({ op_type }) => SCALES_BY_BATCH.has(op_type))
  return scales ? { ...BATCH, rows: 1 } : BATCH
}
