import { expect, test } from 'vitest'
import { refuseWholeBatch } from '../../../../../inference-host/decoding/serving-form/whole-batch.ts'
import { newNode } from '../../../../../inference-host/onnx/draft.ts'
import type { NodeProto } from '../../../../../inference-host/onnx/schema.ts'
import { spellOutAttention } from '../../../../fixtures/graphs/spelled-out.ts'
import { tinyDecoder } from '../../../../fixtures/graphs/tiny-decoder.ts'

function graphWith(...nodes: NodeProto[]) {
  const model = tinyDecoder({ rotary: 'outside' })
  model.graph.node = [...model.graph.node, ...nodes]
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
  refuseWholeBatch(graphWith(newNode('ReduceMean', ['hidden.0'], ['mean'])))
  const angles = newNode('Gather', ['cos_cache', 'position_ids'], ['angles'])
  refuseWholeBatch(graphWith(angles, newNode('ReduceMax', ['angles'], ['widest'])))
  const model = tinyDecoder()
  spellOutAttention(model)
  refuseWholeBatch(model.graph)
})
