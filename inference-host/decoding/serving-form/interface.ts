import { DATA_TYPE, type GraphProto, type ValueInfoProto } from '../../onnx/schema.ts'
import { Unsupported } from '../../onnx/unsupported.ts'

/** What a decoder export says of itself in its inputs and outputs. Sizes are in elements. */
export type DecoderInterface = {
  layers: number
  kvHeads: number
  headDim: number
  vocab: number
  kvType: 'float32' | 'float16'
  logitsType: 'float32' | 'float16'
  /** Whether the export itself computes the logits of one position only. */
  lastPositionOnly: boolean
  /** Inputs beside the ids, the mask and the cache that the export has. */
  hasPositionIds: boolean
  hasLogitsToKeep: boolean
}

/** Optimum's input for how many of the last positions get logits. */
export const LOGITS_TO_KEEP = 'num_logits_to_keep'

const CACHE = /^past_key_values\.(\d+)\.(key|value)$/

/** The name of a layer's cache among the inputs. */
export function pastName(layer: number, part: 'key' | 'value'): string {
  return `past_key_values.${layer}.${part}`
}

/** The name of a layer's cache among the outputs of an export. */
export function presentName(layer: number, part: 'key' | 'value'): string {
  return `present.${layer}.${part}`
}

/** The name of a layer's new keys or values among the outputs of the serving form. */
export function newName(layer: number, part: 'key' | 'value'): string {
  return `new.${layer}.${part}`
}

/**
 * Reads the inputs and outputs of a decoder with a cache.
 * @throws Unsupported where it has others than a plain decoder's, or where layers differ in shape.
 */
export function readInterface(graph: GraphProto): DecoderInterface {
  const weights = new Set(graph.initializer.map(({ name }) => name))
  const inputs = new Map(
    graph.input.filter(({ name }) => !weights.has(name)).map((input) => [input.name, input]),
  )
  const caches = [...inputs.keys()].filter((name) => CACHE.test(name))
  const plain = ['input_ids', 'attention_mask', 'position_ids', LOGITS_TO_KEEP, ...caches]
  const other = [...inputs.keys()].find((name) => !plain.includes(name))
  if (other !== undefined) throw new Unsupported(`it has an input ${other}, which a plain decoder has not`)
  for (const name of ['input_ids', 'attention_mask'])
    if (!inputs.has(name)) throw new Unsupported(`it has no input ${name}`)
  if (caches.length === 0) throw new Unsupported('it has no inputs past_key_values.<layer>.key and value')

  const layers = caches.length / 2
  const shapes = Array.from({ length: layers }, (_, layer) =>
    (['key', 'value'] as const).map((part) =>
      cacheShape(inputs.get(pastName(layer, part)), pastName(layer, part)),
    ),
  ).flat()
  const [first] = shapes
  const odd = shapes.find(
    (shape) => shape.heads !== first?.heads || shape.dim !== first.dim || shape.type !== first.type,
  )
  if (first === undefined || odd !== undefined)
    throw new Unsupported(`its layers' caches differ in shape or type (${odd?.name})`)
  return {
    layers,
    kvHeads: first.heads,
    headDim: first.dim,
    kvType: first.type,
    ...logitsOf(graph),
    hasPositionIds: inputs.has('position_ids'),
    hasLogitsToKeep: inputs.has(LOGITS_TO_KEEP),
  }
}

function cacheShape(input: ValueInfoProto | undefined, name: string) {
  if (input === undefined) throw new Unsupported(`it has no input ${name}`)
  const [, heads, , dim] = staticDims(input)
  if (heads === undefined || dim === undefined)
    throw new Unsupported(`${name} does not say how many heads of which size it holds`)
  return { name, heads, dim, type: floatType(input) }
}

function logitsOf(graph: GraphProto): Pick<DecoderInterface, 'vocab' | 'logitsType' | 'lastPositionOnly'> {
  const logits = graph.output.find(({ name }) => name === 'logits')
  if (logits === undefined) throw new Unsupported('it has no output logits')
  const dims = staticDims(logits)
  const vocab = dims[2]
  if (dims.length !== 3 || vocab === undefined)
    throw new Unsupported('logits does not say how many tokens there are')
  return { vocab, logitsType: floatType(logits), lastPositionOnly: dims[1] === 1 }
}

/** The dimensions of an input or output, those that vary undefined. */
function staticDims(value: ValueInfoProto): (number | undefined)[] {
  const dims = value.type?.tensor_type?.shape?.dim ?? []
  return dims.map(({ dim_value }) => (Number(dim_value ?? 0) > 0 ? Number(dim_value) : undefined))
}

function floatType(value: ValueInfoProto): 'float32' | 'float16' {
  const type = value.type?.tensor_type?.elem_type
  if (type === DATA_TYPE.float32) return 'float32'
  if (type === DATA_TYPE.float16) return 'float16'
  throw new Unsupported(`${value.name} is neither float32 nor float16 (ONNX type ${type})`)
}
