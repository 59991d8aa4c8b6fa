import { attribute } from '../../onnx/graph.ts'
import type { AttributeProto, ModelProto } from '../../onnx/schema.ts'

/** `accuracy_level` of MatMulNBits: what it computes in (1: float32, 2: float16, 3: bfloat16, 4: int8). */
const FLOAT32 = 1

/** Whether quantized products round their activations too. */
export function computesInInt8(model: ModelProto): boolean {
  return levels(model).some((level) => Number(level.i) > FLOAT32)
}

/**
 * Sets every quantized product to compute in float32, in place. Int8 activations turn differences of 1e-5 into half a
 * logit, so two graphs are compared without them.
 */
export function useFloat32Activations(model: ModelProto): void {
  for (const level of levels(model)) level.i = FLOAT32
}

function levels(model: ModelProto): AttributeProto[] {
  return model.graph.node.flatMap((node) =>
    node.op_type === 'MatMulNBits' ? (attribute(node, 'accuracy_level') ?? []) : [],
  )
}
