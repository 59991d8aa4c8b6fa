import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { encodeOnnx } from '../../inference-host/onnx/file.ts'
import { writeTinySeq2seq } from '../../test/fixtures/graphs/tiny-seq2seq-folder.ts'
import * as decoder from './decoder.ts'
import * as encoder from './encoder.ts'
import { chatTokenizer, encoderTokenizer } from './tokenizer.ts'

/** Raised whenever the same sizes give another model. */
const RECIPE = 1

/** The file that says in a model's folder what it is, so that no result is taken for that of a real model. */
const NOTE = 'made.json'

/**
 * Writes a decoder with random weights to a new folder, laid out like a hub repository.
 * @throws RangeError as `checkSizes`
 */
export async function writeDecoder(folder: string, sizes: decoder.DecoderSizes): Promise<void> {
  const { layers, hidden, heads, kvHeads, wide, vocab, context } = sizes
  decoder.checkSizes(sizes)
  await writeMade(folder, inWords('decoder', sizes), async (part) => {
    await writeAll(part, {
      ...(await chatTokenizer(vocab, context)),
      'config.json': {
        architectures: ['LlamaForCausalLM'],
        model_type: 'llama',
        hidden_size: hidden,
        intermediate_size: wide,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: kvHeads,
        head_dim: hidden / heads,
        vocab_size: vocab,
        max_position_embeddings: context,
        rope_theta: decoder.ROPE_THETA,
        rms_norm_eps: decoder.EPSILON,
        hidden_act: 'silu',
        tie_word_embeddings: true,
        bos_token_id: 1,
        eos_token_id: 2,
        pad_token_id: 2,
      },
    })
    await writeFile(join(part, 'onnx', 'model_q4.onnx'), encodeOnnx(decoder.decoderGraph(sizes)))
  })
}

/** Writes an encoder with random weights to a new folder, laid out like a hub repository. */
export async function writeEncoder(folder: string, sizes: encoder.EncoderSizes): Promise<void> {
  const { layers, hidden, heads, wide, vocab, context } = sizes
  await writeMade(folder, inWords('encoder', sizes), async (part) => {
    await writeAll(part, {
      ...(await encoderTokenizer(context)),
      'config.json': {
        architectures: ['BertModel'],
        model_type: 'bert',
        hidden_size: hidden,
        intermediate_size: wide,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        vocab_size: vocab,
        max_position_embeddings: context,
        type_vocab_size: 2,
        hidden_act: 'gelu',
        layer_norm_eps: encoder.EPSILON,
        pad_token_id: 0,
        position_embedding_type: 'absolute',
      },
    })
    await writeFile(join(part, 'onnx', 'model_quantized.onnx'), encodeOnnx(encoder.encoderGraph(sizes)))
  })
}

/** T5-small's shape, in fp32 and with letters for tokens. */
const T5_SMALL = { layers: 6, heads: 8, headDim: 64, wide: 2048, vocab: 32_128, context: 512 }

const KINDS = {
  decoder: {
    name: 'smollm2-135m-shape',
    sizes: decoder.SMOLLM2_135M,
    write: (folder: string) => writeDecoder(folder, decoder.SMOLLM2_135M),
  },
  encoder: {
    name: 'minilm-l6-shape',
    sizes: encoder.MINILM_L6,
    write: (folder: string) => writeEncoder(folder, encoder.MINILM_L6),
  },
  seq2seq: {
    name: 't5-small-shape',
    sizes: T5_SMALL,
    write: (folder: string) =>
      writeMade(folder, inWords('encoder-decoder', T5_SMALL), (part) =>
        writeTinySeq2seq(part, { family: 't5', sizes: T5_SMALL }),
      ),
  },
}

export type MadeKind = keyof typeof KINDS

/**
 * The folder of a made model under `dir`, named after its sizes: SmolLM2-135M's shape, MiniLM's or T5-small's. The
 * model is made the first time, which takes a second (T5-small's takes twenty).
 */
export async function madeModel(
  kind: MadeKind,
  dir: string,
  progress: (line: string) => void,
): Promise<string> {
  const { name, sizes, write } = KINDS[kind]
  const digest = createHash('sha256').update(JSON.stringify({ RECIPE, sizes })).digest('hex')
  const folder = join(dir, `${name}-${digest.slice(0, 8)}`)
  if (existsSync(folder)) return folder
  progress(`making a model with random weights, once: ${folder}`)
  await write(folder)
  return folder
}

/** Such as `decoder: layers 30, hidden 576`. */
function inWords(kind: string, sizes: Readonly<Record<string, number>>): string {
  return `${kind}: ${Object.entries(sizes)
    .map(([name, size]) => `${name} ${size}`)
    .join(', ')}`
}

/** What a folder's model is, if it was made with random weights; undefined for any other. */
export async function madeAs(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, NOTE), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : String(JSON.parse(text).random_weights)
}

/**
 * Writes a folder beside its place first, so that a folder in its place is whole.
 * @throws Error where it already exists
 */
async function writeMade(folder: string, what: string, write: (part: string) => Promise<void>) {
  if (existsSync(folder)) throw new Error(`${folder} is there already`)
  const part = join(dirname(folder), `.${basename(folder)}.${process.pid}.part`)
  try {
    await mkdir(join(part, 'onnx'), { recursive: true })
    await write(part)
    await writeAll(part, { [NOTE]: { random_weights: what } })
    await rename(part, folder)
  } finally {
    await rm(part, { recursive: true, force: true })
  }
}

async function writeAll(folder: string, files: Record<string, unknown>): Promise<void> {
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), `${JSON.stringify(content)}\n`)
}
