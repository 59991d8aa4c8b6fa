import type { Tensor } from 'onnxruntime-node'

type Tensors = Readonly<Record<string, Tensor | undefined>>

/** The tensor that a graph takes or gives under a name. @throws Error where there is none. */
export function named(tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name]
  if (tensor === undefined) throw new Error(`there is no tensor called ${name}`)
  return tensor
}

/** Just the tensors that a graph takes. @throws Error where one is missing. */
export function namedAll(tensors: Tensors, names: readonly string[]): Record<string, Tensor> {
  return Object.fromEntries(names.map((name) => [name, named(tensors, name)]))
}
