import { expect, test } from 'vitest'
import { refuseWholeBatch } from '../../../../../inference-host/decoding/serving-form/whole-batch.ts'
import { newNode } from '../../../../../inference-host/onnx/draft.ts'
import { DATA_TYPE, type NodeProto } from '../../../../../inference-host/onnx/schema.ts'
import { spellOutAttention } from '../../../../fixtures/graphs/spelled-out.ts'
import { tinyDecoder } from '../../../../fixtures/graphs/tiny-decoder.ts'

const withAxes = (node: NodeProto, ints: number[]): NodeProto => ({
  ...node,
  attribute: [...(node.attribute ?? []), { name: 'axes', type: 7, ints }],
})

function graphWith(...nodes: NodeProto[]) {
  const model = tinyDecoder({ rotary: 'outside' })
  model.graph.node = [...model.graph.node, ...nodes]
  const axes = (name: string, value: number) => ({
    name,
    dims: [1],
    data_type: DATA_TYPE.int64,
    int64_data: [value],
  })
  model.graph.initializer = [...model.graph.initializer, axes('axes', 0), axes('last', -1)]
  return model.graph
}

test.each<[string, NodeProto[]]>([
  ['scales of all rows', [newNode('DynamicQuantizeLinear', ['hidden.0'], ['bytes'])]],
  ['the largest position', [newNode('ReduceMax', ['position_ids'], ['longest'])]],
  [
    'the largest position of another type',
    [newNode('Cast', ['position_ids'], ['narrow']), newNode('ReduceMax', ['narrow'], ['longest'])],
  ],
  [
    'the largest last position',
    [
      newNode('Gather', ['position_ids', 'end'], ['last'], { axis: 1 }),
      newNode('ReduceMax', ['last'], ['longest']),
    ],
  ],
  [
    'the largest value of all rows, in operators of its own',
    [newNode('Abs', ['hidden.0'], ['sizes']), newNode('ReduceMax', ['sizes'], ['scale'], { keepdims: 0 })],
  ],
  ['the sum over rows, by an attribute', [withAxes(newNode('ReduceSum', ['hidden.0'], ['sum']), [0, 1])]],
  ['the sum over rows, by an input', [newNode('ReduceSum', ['hidden.0', 'axes'], ['sum'])]],
  [
    'the longest text, by the mask',
    [
      newNode('ReduceSum', ['attention_mask', 'last'], ['lengths'], { keepdims: 0 }),
      newNode('ReduceMax', ['lengths'], ['longest']),
    ],
  ],
])('%s is refused, since slots would change one another', (_, nodes) => {
  expect(() => refuseWholeBatch(graphWith(...nodes))).toThrow(
    expect.objectContaining({
      name: 'Unsupported',
      message: expect.stringContaining(
        "of the whole batch, so that slots would change one another's answers",
      ),
    }),
  )
})

test('positions that only say where a token is pass, and so do sums over a row of something else', () => {
  refuseWholeBatch(graphWith())
  for (const axis of [1, 2, -1])
    refuseWholeBatch(graphWith(withAxes(newNode('ReduceMean', ['hidden.0'], ['mean']), [axis])))
  refuseWholeBatch(graphWith(newNode('ReduceSum', ['attention_mask', 'last'], ['lengths'])))
  refuseWholeBatch(graphWith(newNode('ReduceSum', ['hidden.0'], ['same'], { noop_with_empty_axes: 1 })))
  refuseWholeBatch(
    graphWith(newNode('Shape', ['input_ids'], ['shape']), newNode('ReduceProd', ['shape'], ['count'])),
  )
  const angles = newNode('Gather', ['cos_cache', 'position_ids'], ['angles'])
  refuseWholeBatch(graphWith(angles, withAxes(newNode('ReduceMax', ['angles'], ['widest']), [2])))
  const model = tinyDecoder()
  spellOutAttention(model)
  refuseWholeBatch(model.graph)
})
