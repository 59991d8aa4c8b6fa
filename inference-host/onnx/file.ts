import protobuf from 'protobufjs'
import { MODEL, type ModelProto, type TensorProto } from './schema.ts'
import { Unsupported } from './unsupported.ts'

/** `TensorProto.DataLocation`: the values lie in a file beside the model. */
const EXTERNAL = 1

/** Smaller tensors stay in the graph: shape inference reads them, and ONNX's own tools keep them there too. */
const SMALLEST_EXTERNAL_BYTES = 1024

/**
 * Decodes an ONNX file. Weights are views of `bytes`, not copies; fields that the schema does not name are kept and
 * are written again by `encodeOnnx`.
 * @throws Unsupported where the bytes are no ONNX model.
 */
export function decodeOnnx(bytes: Uint8Array): ModelProto {
  const reader = protobuf.Reader.create(bytes)
  reader.discardUnknown = false
  try {
    // The message's fields are those of schema.ts: protobufjs's types know none.
    const model = MODEL.decode(reader) as unknown as ModelProto
    if (model.graph?.node.length > 0) return model
  } catch (cause) {
    throw new Unsupported('the file is no ONNX model', cause)
  }
  throw new Unsupported('the file holds no graph')
}

/** The bytes of a model: the same model always gives the same bytes. */
export function encodeOnnx(model: ModelProto): Uint8Array {
  return MODEL.encode(model).finish()
}

/** The file that a model was decoded from: its bytes, and its name as seen from the folder it lies in. */
export type OnnxSource = { bytes: Uint8Array; name: string }

/**
 * Leaves a model's weights where they are: each big one becomes external data at its place in the file that it was
 * decoded from, which ONNX allows (location, offset, length; https://onnx.ai/onnx/repo-docs/ExternalData.html). The
 * rewritten file is then small, and no weight is copied. It has to lie in the source's folder, and belongs to exactly
 * these bytes. Weights that were external before stay where they were.
 * @param model As decoded from `source.bytes`; it is changed in place.
 */
export function pointAtWeights(model: ModelProto, source: OnnxSource): void {
  for (const tensor of model.graph.initializer) {
    const raw = rawBytes(tensor)
    if (raw === undefined || raw.byteLength < SMALLEST_EXTERNAL_BYTES) continue
    if (raw.buffer !== source.bytes.buffer) continue
    tensor.external_data = [
      { key: 'location', value: source.name },
      { key: 'offset', value: String(raw.byteOffset - source.bytes.byteOffset) },
      { key: 'length', value: String(raw.byteLength) },
    ]
    tensor.data_location = EXTERNAL
    delete tensor.raw_data
  }
}

/** A tensor's bytes, little-endian; undefined where it holds them as numbers, or in another file. */
export function rawBytes(tensor: TensorProto): Uint8Array | undefined {
  // What protobufjs shows of an absent field is an empty array.
  return Object.hasOwn(tensor, 'raw_data') ? tensor.raw_data : undefined
}

/** Whether a tensor's values lie in another file. */
export function isExternal(tensor: TensorProto): boolean {
  return tensor.data_location === EXTERNAL
}

/** Names of the files beside a model that hold its weights, each once, sorted. */
export function externalFiles(model: ModelProto): string[] {
  const entries = model.graph.initializer.filter(isExternal).flatMap((tensor) => tensor.external_data ?? [])
  return [...new Set(entries.filter(({ key }) => key === 'location').map(({ value }) => value))].sort()
}
