import { draftOf, valueInfo } from '../../onnx/draft.ts'
import { DATA_TYPE, type GraphProto, type ModelProto } from '../../onnx/schema.ts'
import { hasGqa, newKeysOfGqa, sharedCachesOfGqa } from './gqa.ts'
import { LOGITS_TO_KEEP, readInterface } from './interface.ts'
import { keepLastPosition } from './last-position.ts'
import { newKeysOfSpelledOut } from './spelled-out.ts'
import { refuseWholeBatch } from './whole-batch.ts'

/** The recipe's number: it goes up when the same export would give another file or another verdict. */
export const RECIPE_VERSION = 4

/** How a serving form is called. Sizes are in elements. */
export type ServingDescription = {
  /** `gqa`: the attention operator appends inside the cache that it is fed. `spelled-out`: new after the cache. */
  family: 'gqa' | 'spelled-out'
  layers: number
  kvHeads: number
  headDim: number
  vocab: number
  kvType: 'float32' | 'float16'
  /**
   * Layout of the outputs `new.*`: [slots, n, kvHeads * headDim], or [slots, kvHeads, n, headDim]. `in-place` has none:
   * its outputs `present.*` are the caches that it is fed, which the caller fetches into the same buffers.
   */
  newLayout: 'tokens-heads' | 'heads-tokens' | 'in-place'
  /** The most new tokens in a call that the device computes right; without a limit where there is none. */
  mostColumns?: number | undefined
  /** See AttentionBlocks: of the machine that it runs on, and in no record. */
  columnBlock?: number | undefined
  fixedChunks?: number | undefined
  /** Whether an odd number of rows is computed with one more: see Verified. */
  padsRows?: boolean | undefined
}

const OUTPUTS = {
  'tokens-heads': newKeysOfGqa,
  'in-place': sharedCachesOfGqa,
  'heads-tokens': newKeysOfSpelledOut,
}

/**
 * Rewrites a decoder export into its serving form, in place.
 *
 * Inputs: `input_ids` int64 [slots, n]; `attention_mask` int64, family gqa [slots, S] with each slot's length after
 * this step as leading ones, family spelled-out [slots, S + n] with zeros at unused columns of the cache;
 * `position_ids` int64 [slots, n] (spelled-out only); `past_key_values.<layer>.key|value`
 * [slots, kvHeads, S, headDim], S being the length of the buffers. Outputs: `logits` float32 [slots, 1, vocab] of the
 * last position; `new.<layer>.key|value`, only the new ones, see `newLayout`. Everything between is as it was.
 * @param cache Where the caches are: in the `host`'s memory, or on a `device` that can write to them in place. The
 * spelled-out family cannot; its caches are in the host's memory always.
 * @throws Unsupported, in words, where the export is of no known kind. The model is of no use then.
 */
export function toServingForm(model: ModelProto, cache: 'host' | 'device' = 'host'): ServingDescription {
  const { graph } = model
  refuseWholeBatch(graph)
  const face = readInterface(graph)
  const draft = draftOf(graph)
  const gqa = hasGqa(draft.index)
  const newLayout = !gqa ? 'heads-tokens' : cache === 'device' ? 'in-place' : 'tokens-heads'
  const outputs = OUTPUTS[newLayout](draft, face)

  if (face.hasLogitsToKeep) {
    // An input with a default value: the export itself leaves all positions but the last.
    const keep = { name: LOGITS_TO_KEEP, dims: [], data_type: DATA_TYPE.int64, int64_data: [1] }
    graph.initializer = [...graph.initializer, keep]
    graph.input = graph.input.filter(({ name }) => name !== LOGITS_TO_KEEP)
  } else if (!face.lastPositionOnly) keepLastPosition(draft)
  if (face.logitsType === 'float16') widenLogits(graph)
  graph.output = [valueInfo('logits', DATA_TYPE.float32, ['slots', 1, face.vocab]), ...outputs]
  // Shapes that an exporter noted for inner tensors are of the graph as it was.
  graph.value_info = []
  draft.finish()
  const { layers, kvHeads, headDim, vocab, kvType } = face
  return {
    family: gqa ? 'gqa' : 'spelled-out',
    layers,
    kvHeads,
    headDim,
    vocab,
    kvType,
    newLayout,
  }
}

function widenLogits(graph: GraphProto): void {
  const narrow = 'logits.float16'
  for (const node of graph.node) node.output = node.output.map((name) => (name === 'logits' ? narrow : name))
  const cast = { name: 'to', type: 2, i: DATA_TYPE.float32 }
  graph.node = [...graph.node, { input: [narrow], output: ['logits'], op_type: 'Cast', attribute: [cast] }]
}
