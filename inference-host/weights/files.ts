import { isMediaTask } from '../../shared/catalog.ts'
import { graphsOf, pickDtype, SUFFIX } from '../device/dtype.ts'
import { DTYPES, type Dtype, SEEING } from '../device/port.ts'
import { ModelError } from './error.ts'
import type { ModelEntry } from './manifest.ts'

/**
 * Files beside the graphs that describe a text model: those that transformers.js reads, those that say how sentence
 * vectors are pooled, and those that editors expect.
 */
const DESCRIPTIONS = new Set([
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'preprocessor_config.json',
  'processor_config.json',
  '1_Pooling/config.json',
  'chat_template.jinja',
  'chat_template.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
])

/** Without these no model loads that reads or writes texts. */
const OF_TEXTS = ['tokenizer.json', 'tokenizer_config.json']
/** Without this none that reads files. */
const OF_FILES = ['preprocessor_config.json']

function requiredFor(task: ModelEntry['task']): string[] {
  const texts = task === 'image-classification' ? [] : OF_TEXTS
  return ['config.json', ...texts, ...(isMediaTask(task) || task === SEEING ? OF_FILES : [])]
}

/** Whether loading a model might open a file: any graph or weights, and the descriptions. */
export function isLoadable(name: string): boolean {
  return name.startsWith('onnx/') || DESCRIPTIONS.has(name)
}

type Wanted = Pick<ModelEntry, 'task' | 'dtype' | 'device'>

/**
 * Chooses the files of a repository or folder that loading one dtype of the model takes: its descriptions, its graphs,
 * and their external weights (all names that start with `model_q4.`, such as `model_q4.onnx_data`).
 * @param names Paths with forward slashes, relative to the repository.
 * @param wanted dtype `auto` takes the first that is there in the order of the device; device `auto` counts as a
 * CPU, because what loads there loads everywhere.
 * @param origin Where the names come from, for messages.
 * @returns The dtype and the file names, sorted.
 * @throws ModelError `dtype_not_available` (lists what there is), `model_file_missing`.
 */
export function chooseFiles(
  names: readonly string[],
  wanted: Wanted,
  origin: string,
): { dtype: Dtype; files: string[] } {
  for (const name of requiredFor(wanted.task))
    if (!names.includes(name)) throw new ModelError('model_file_missing', `${origin}: has no ${name}`)
  const dtype = chooseDtype(names, wanted, origin)
  const stems = graphsOf(wanted.task).map((graph) => `onnx/${graph}${SUFFIX[dtype]}.`)
  const files = names.filter((name) => DESCRIPTIONS.has(name) || stems.some((stem) => name.startsWith(stem)))
  return { dtype, files: files.sort() }
}

function chooseDtype(names: readonly string[], { task, dtype, device }: Wanted, origin: string): Dtype {
  const graphs = names.filter((name) => name.startsWith('onnx/')).map((name) => name.slice('onnx/'.length))
  try {
    return pickDtype(dtype, task, device === 'auto' ? 'cpu' : device, graphs)
  } catch (cause) {
    const there = DTYPES.filter((other) =>
      graphsOf(task).every((graph) => graphs.includes(`${graph}${SUFFIX[other]}.onnx`)),
    )
    throw new ModelError(
      'dtype_not_available',
      `${origin}: has no ${graphsOf(task).join(' and ')} for dtype ${dtype}; there is ${there.join(', ') || 'none'}`,
      cause,
    )
  }
}

const HOSTILE_SEGMENT = /^\.{0,2}$|[\\:\p{Cc}]/u

/** Whether a name from a hub or a lock file stays inside the folder it is joined to, on every system. */
export function isSafeName(name: string): boolean {
  return name.length <= 500 && name.split('/').every((segment) => !HOSTILE_SEGMENT.test(segment))
}
