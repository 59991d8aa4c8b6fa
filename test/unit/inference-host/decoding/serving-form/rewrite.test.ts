import { expect, test } from 'vitest'
import { toServingForm } from '../../../../../inference-host/decoding/serving-form/rewrite.ts'
import { newNode, valueInfo } from '../../../../../inference-host/onnx/draft.ts'
import { DATA_TYPE, type ModelProto, type NodeProto } from '../../../../../inference-host/onnx/schema.ts'
import { attentions, floatTensor } from '../../../../fixtures/graphs/edit.ts'
import { spellOutAttention } from '../../../../fixtures/graphs/spelled-out.ts'
import { type TinyDecoder, tinyDecoder } from '../../../../fixtures/graphs/tiny-decoder.ts'
import { normalizeQkInside, packQkv } from '../../../../fixtures/graphs/variants.ts'

function changed(change: (model: ModelProto) => void, options: TinyDecoder = {}): ModelProto {
  const model = tinyDecoder(options)
  change(model)
  return model
}

function spelledOut(change: (model: ModelProto) => void = () => {}): ModelProto {
  return changed((model) => {
    spellOutAttention(model)
    change(model)
  })
}

/** An export with more nodes, for which `plain.window` is a number. */
const withWindow = (...nodes: NodeProto[]) =>
  spelledOut(({ graph }) => {
    graph.initializer = [
      ...graph.initializer,
      { name: 'plain.window', dims: [], data_type: DATA_TYPE.int64, int64_data: [8] },
    ]
    graph.node = [...graph.node, ...nodes]
  })

/** An export that hides what is earlier than so many tokens before some length. */
const withinWindow = (length: string, hides: NodeProto) =>
  withWindow(newNode('Sub', [length, 'plain.window'], ['oldest']), hides)

const firstAttention = (model: ModelProto) => attentions(model)[0] as NodeProto
const setInput = (place: number, name: string) => (model: ModelProto) => {
  const { input } = firstAttention(model)
  while (input.length <= place) input.push('')
  input[place] = name
}
const setAttribute = (name: string, i: number) => (model: ModelProto) => {
  firstAttention(model).attribute?.push({ name, type: 2, i })
}
const renameInput = (from: string, to: string) => (model: ModelProto) => {
  for (const input of model.graph.input) if (input.name === from) input.name = to
}
const setCacheDim = (name: string, place: number, dim_value: number) => (model: ModelProto) => {
  const dims = model.graph.input.find((input) => input.name === name)?.type?.tensor_type?.shape?.dim
  Object.assign(dims?.[place] ?? {}, { dim_value })
}
const addNode = (node: NodeProto) => (model: ModelProto) => {
  model.graph.node = [...model.graph.node, node]
}

test.each<[string, ModelProto, string]>([
  ['packed QKV', changed(packQkv), 'packed QKV'],
  ['QK-norm inside the operator', changed(normalizeQkInside), 'QK-norm inside the operator'],
  ['an attention bias', changed(setInput(10, 'bias')), 'attention bias'],
  ['a quantized cache', changed(setInput(12, 'scale')), 'quantized cache'],
  ['an input of a later operator', changed(setInput(16, 'news')), 'unknown input 16'],
  ['an attribute that is not known', changed(setAttribute('is_causal', 0)), 'attribute is_causal'],
  ['an attribute that is not off', changed(setAttribute('qk_output', 1)), 'attribute qk_output'],
  ['a fourth output', changed((model) => firstAttention(model).output.push('scores')), 'fourth output'],
  [
    'another number of heads',
    changed((m) =>
      [0, 1].flatMap((l) => ['key', 'value'].map((p) => setCacheDim(`past_key_values.${l}.${p}`, 1, 4)(m))),
    ),
    'number of heads',
  ],
  ['computed rotary caches', changed(setInput(7, 'mask.sum')), 'attention mask'],
  ['rotary caches from an input', changed(setInput(7, 'input_ids')), 'rotary caches that the graph computes'],
  [
    'a mask that the model reads itself',
    changed(addNode(newNode('CumSum', ['mask.sum', 'one'], ['present.0.key']))),
    'present.0.key follows from it',
  ],
  [
    'a cache that is read elsewhere',
    changed(addNode(newNode('Shape', ['past_key_values.1.value'], ['length']))),
    'layer 1 is read by Shape',
  ],
  ['layers of different sizes', changed(setCacheDim('past_key_values.1.key', 3, 8)), 'past_key_values.1.key'],
  [
    'sizes that are not said',
    changed(setCacheDim('past_key_values.0.key', 1, 0)),
    'does not say how many heads',
  ],
  [
    'an encoder beside it',
    changed(renameInput('past_key_values.1.value', 'encoder_hidden_states')),
    'encoder_hidden_states',
  ],
  [
    'two graphs in one, as exports before Optimum 1.14',
    changed(({ graph }) => {
      graph.input = [...graph.input, valueInfo('use_cache_branch', DATA_TYPE.bool, [1])]
    }),
    'use_cache_branch',
  ],
  ['embeddings for ids', changed(renameInput('input_ids', 'inputs_embeds')), 'inputs_embeds'],
  [
    'no cache',
    changed((m) => {
      m.graph.input = m.graph.input.slice(0, 2)
    }),
    'no inputs past_key_values',
  ],
  [
    'logits under another name',
    changed((m) => {
      m.graph.output = m.graph.output.slice(1)
    }),
    'no output logits',
  ],
  [
    'scales of the whole batch',
    changed(addNode(newNode('DynamicQuantizeLinear', ['hidden.0'], ['bytes']))),
    "one another's answers",
  ],
  ['a head that mixes positions', tinyDecoder({ head: 'mixes-positions' }), 'the head cannot be told'],
  [
    'no position_ids',
    spelledOut((m) => {
      m.graph.input = m.graph.input.filter(({ name }) => name !== 'position_ids')
    }),
    'no position_ids',
  ],
  ['a sliding window', changed((m) => spellOutAttention(m, { window: 8 })), 'sliding window'],
  [
    'a triangle that is shifted by the length of the past less a window, as in exports of Mistral',
    withinWindow('plain.past', newNode('Trilu', ['plain.full', 'oldest'], ['earlier'], { upper: 0 })),
    'sliding window',
  ],
  [
    'columns that are far from a row',
    withWindow(
      newNode('Sub', ['plain.columns', 'plain.row'], ['after']),
      newNode('Abs', ['after'], ['far']),
      newNode('Greater', ['far', 'plain.window'], ['hidden']),
    ),
    'sliding window',
  ],
  [
    'columns before the end less a window',
    withinWindow('plain.total', newNode('Less', ['plain.columns', 'oldest'], ['earlier'])),
    'sliding window',
  ],
  [
    'columns before the end less a window that is of another type and shape first',
    withWindow(
      newNode('Cast', ['plain.window'], ['cast'], { to: DATA_TYPE.int64 }),
      newNode('Reshape', ['cast', 'plain.shape'], ['reshaped']),
      newNode('Neg', ['reshaped'], ['back']),
      newNode('Add', ['plain.total', 'back'], ['oldest']),
      newNode('Less', ['plain.columns', 'oldest'], ['earlier']),
    ),
    'sliding window',
  ],
  [
    'a triangle that is shifted by a window of another type first',
    withWindow(
      newNode('Cast', ['plain.window'], ['cast'], { to: DATA_TYPE.int64 }),
      newNode('Trilu', ['plain.full', 'cast'], ['earlier'], { upper: 0 }),
    ),
    'sliding window',
  ],
  [
    'a rotary table chosen by the length',
    spelledOut(addNode(newNode('If', ['attention_mask'], ['table']))),
    'choose by the length of a text',
  ],
  [
    'a banded triangle',
    spelledOut((m) => {
      const trilu = m.graph.node.find(({ op_type }) => op_type === 'Trilu')
      if (trilu) trilu.input[1] = 'plain.band'
      m.graph.initializer = [
        ...m.graph.initializer,
        { name: 'plain.band', dims: [], data_type: 7, int64_data: [-8] },
      ]
    }),
    'cuts a band',
  ],
  [
    'another attention operator',
    spelledOut((m) => {
      for (const node of m.graph.node)
        if (node.output[0] === 'present.0.key') node.op_type = 'MultiHeadAttention'
    }),
    'no known attention',
  ],
  [
    'a past at the end',
    spelledOut((m) => {
      for (const node of m.graph.node) if (node.output[0] === 'present.1.value') node.input.reverse()
    }),
    'does not put new tokens after',
  ],
  [
    'a cache in float16, spelled out',
    spelledOut((m) => {
      for (const { name, type } of m.graph.input)
        if (name.startsWith('past') && type?.tensor_type) type.tensor_type.elem_type = 10
    }),
    'float16',
  ],
  [
    'a cache in bfloat16',
    changed((m) => {
      for (const { name, type } of m.graph.input)
        if (name.startsWith('past') && type?.tensor_type) type.tensor_type.elem_type = 16
    }),
    'neither float32 nor float16',
  ],
])('%s is refused in words', (_, model, reason) => {
  expect(() => toServingForm(model)).toThrow(
    expect.objectContaining({ name: 'Unsupported', message: expect.stringContaining(reason) }),
  )
})

test.each([
  ['local_window_size', 16],
  ['smooth_softmax', 1],
  ['qk_output', 0],
  ['kv_cache_bit_width', 0],
])('the attribute %s at %i passes', (name, value) => {
  expect(toServingForm(changed(setAttribute(name, value)))).toMatchObject({ family: 'gqa' })
})

test('a head sink passes', () => {
  const model = changed(setInput(11, 'sinks'))
  model.graph.initializer = [...model.graph.initializer, floatTensor('sinks', [4], [0, 0, 0, 0])]
  expect(toServingForm(model)).toMatchObject({ family: 'gqa' })
})

test("positions that the operator is given are the new keys' too", () => {
  const model = changed(setInput(9, 'position_ids'))
  const positions = valueInfo('position_ids', 7, ['batch_size', 'sequence_length'])
  model.graph.input = [...model.graph.input, positions]
  toServingForm(model)
  const rotations = model.graph.node.filter(({ op_type }) => op_type === 'RotaryEmbedding')
  expect(rotations).toHaveLength(2)
  expect(rotations[0]?.input[1]).toBe(firstAttention(model).input[9])
  expect(model.graph.input.map(({ name }) => name)).not.toContain('position_ids')
})

test('logits in float16 are widened', () => {
  const model = tinyDecoder()
  const type = model.graph.output[0]?.type?.tensor_type
  if (type) type.elem_type = 10
  toServingForm(model)
  expect(model.graph.node.find(({ output }) => output[0] === 'logits')?.op_type).toBe('Cast')
  expect(model.graph.output[0]).toMatchObject(valueInfo('logits', 1, ['slots', 1, 96]))
})
