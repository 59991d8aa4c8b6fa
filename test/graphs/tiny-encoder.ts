import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ModelTask } from '../../inference-host/device/port.ts'
import { valueInfo } from '../../inference-host/onnx/draft.ts'
import { encodeOnnx } from '../../inference-host/onnx/file.ts'
import { DATA_TYPE, type ModelProto } from '../../inference-host/onnx/schema.ts'
import { builder, seeded } from './edit.ts'
import { specialTokens } from './special-tokens.ts'

const MARKS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const WORDS =
  'the a fox cat dog paris london anna smith lives in runs jumps over lazy brown quick who where is . , ? un ##known ##s ##ing e ##cole this example about'.split(
    ' ',
  )
const VOCAB = [...MARKS, ...WORDS]
const WIDTH = 16

/** The most tokens of a row. */
export const TINY_CONTEXT = 48

type Options = {
  labels?: readonly string[]
  /** Whether the graph quantizes its activations as it runs, by the range of all rows together. */
  quantized?: boolean
  seed?: number
}

/** An encoder's outputs: for each token, for the whole text, or where an answer begins and ends. */
function outputsOf(
  task: ModelTask,
  labels: number,
): Record<string, { per: 'token' | 'text'; width: number }> {
  if (task === 'feature-extraction') return { last_hidden_state: { per: 'token', width: WIDTH } }
  if (task === 'token-classification') return { logits: { per: 'token', width: labels } }
  if (task === 'fill-mask') return { logits: { per: 'token', width: VOCAB.length } }
  if (task === 'question-answering')
    return { start_logits: { per: 'token', width: 1 }, end_logits: { per: 'token', width: 1 } }
  return { logits: { per: 'text', width: labels } }
}

/**
 * A graph with random weights, laid out like a BERT export. A token's vector depends on its id, its place, which of a
 * pair it is in, and the mean of all tokens that are not masked, so that a mistake in any input shows.
 */
export function tinyEncoder(
  task: ModelTask,
  { labels = [], quantized = false, seed = 3 }: Options = {},
): ModelProto {
  const { op, ints, floats, nodes, weights } = builder()
  const next = seeded(seed)
  const random = (name: string, rows: number, columns: number) =>
    floats(
      name,
      [rows, columns],
      Array.from({ length: rows * columns }, () => next() * 1.5),
    )
  const times = (output: string, input: string, columns: number) =>
    op(output, 'MatMul', [input, random(`${output}.weight`, WIDTH, columns)])

  const words = op('words', 'Gather', [random('embedding', VOCAB.length, WIDTH), 'input_ids'], { axis: 0 })
  const types = op('types', 'Gather', [random('type.embedding', 2, WIDTH), 'token_type_ids'], { axis: 0 })
  const length = op('length', 'Shape', ['input_ids'], { start: 1, end: 2 })
  const places = op('places', 'Slice', [
    random('place.embedding', TINY_CONTEXT, WIDTH),
    ints('zero', [0]),
    length,
  ])
  const own = op('own', 'Add', [op('typed', 'Add', [words, types]), places])
  const mask = op('mask', 'Unsqueeze', [
    op('mask.float', 'Cast', ['attention_mask'], { to: DATA_TYPE.float32 }),
    ints('last', [-1]),
  ])
  const axis = ints('axis.1', [1])
  const sum = op('sum', 'ReduceSum', [op('masked', 'Mul', [own, mask]), axis], { keepdims: 1 })
  const mean = op('mean', 'Div', [sum, op('count', 'ReduceSum', [mask, axis], { keepdims: 1 })])
  let seen = op('seen', 'Add', [own, mean])
  if (quantized) {
    op('q', 'DynamicQuantizeLinear', [seen])
    nodes.at(-1)?.output.push('q.scale', 'q.zero')
    seen = op('dq', 'DequantizeLinear', ['q', 'q.scale', 'q.zero'])
  }
  const hidden = op('hidden', 'Tanh', [times('mixed', seen, WIDTH)])
  const outputs = Object.entries(outputsOf(task, labels.length))
  for (const [name, { per, width }] of outputs) {
    const from =
      per === 'text' ? op(`${name}.first`, 'Gather', [hidden, ints('first', [0], [])], { axis: 1 }) : hidden
    if (task === 'question-answering')
      op(name, 'Squeeze', [times(`${name}.wide`, from, 1), ints(`${name}.axis`, [-1])])
    else times(name, from, width)
  }
  const shape = (per: 'token' | 'text', width: number) =>
    task === 'question-answering'
      ? ['rows', 'length']
      : per === 'token'
        ? ['rows', 'length', width]
        : ['rows', width]
  return {
    ir_version: 8,
    producer_name: 'test',
    opset_import: [{ domain: '', version: 18 }],
    graph: {
      name: 'tiny',
      node: nodes,
      initializer: weights,
      input: ['input_ids', 'attention_mask', 'token_type_ids'].map((name) =>
        valueInfo(name, DATA_TYPE.int64, ['rows', 'length']),
      ),
      output: outputs.map(([name, { per, width }]) => valueInfo(name, DATA_TYPE.float32, shape(per, width))),
    },
  }
}

const ARCHITECTURES: Partial<Record<ModelTask, string>> = {
  'feature-extraction': 'BertModel',
  'token-classification': 'BertForTokenClassification',
  'fill-mask': 'BertForMaskedLM',
  'question-answering': 'BertForQuestionAnswering',
}

/** Writes a tiny encoder to `folder` as a hub repository has it: configuration, WordPiece tokenizer, graph. */
export async function writeTinyEncoder(
  folder: string,
  task: ModelTask,
  options: Options = {},
): Promise<void> {
  const { labels = [] } = options
  const mark = (token: string, type: number) => ({ SpecialToken: { id: token, type_id: type } })
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } })
  const files = {
    'config.json': {
      architectures: [ARCHITECTURES[task] ?? 'BertForSequenceClassification'],
      model_type: 'bert',
      max_position_embeddings: TINY_CONTEXT,
      vocab_size: VOCAB.length,
      ...(labels.length > 0 && {
        id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
        label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
      }),
    },
    'tokenizer_config.json': {
      tokenizer_class: 'BertTokenizer',
      model_max_length: TINY_CONTEXT,
      unk_token: '[UNK]',
      sep_token: '[SEP]',
      cls_token: '[CLS]',
      pad_token: '[PAD]',
      mask_token: '[MASK]',
    },
    'tokenizer.json': {
      version: '1.0',
      added_tokens: specialTokens(MARKS),
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: {
        type: 'TemplateProcessing',
        single: [mark('[CLS]', 0), sequence('A', 0), mark('[SEP]', 0)],
        pair: [mark('[CLS]', 0), sequence('A', 0), mark('[SEP]', 0), sequence('B', 1), mark('[SEP]', 1)],
        special_tokens: Object.fromEntries(
          ['[CLS]', '[SEP]'].map((token) => [
            token,
            { id: token, ids: [VOCAB.indexOf(token)], tokens: [token] },
          ]),
        ),
      },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        vocab: Object.fromEntries(VOCAB.map((token, id) => [token, id])),
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
      },
    },
  }
  await mkdir(path.join(folder, 'onnx'), { recursive: true })
  for (const [name, content] of Object.entries(files))
    await writeFile(path.join(folder, name), JSON.stringify(content))
  await writeFile(path.join(folder, 'onnx', 'model.onnx'), encodeOnnx(tinyEncoder(task, options)))
}
