import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { encodeOnnx } from '../../inference-host/onnx/file.ts'
import { specialTokens } from './special-tokens.ts'
import { type Family, type RewriterSizes, rewriterGraphs } from './tiny-rewriter.ts'

const MARKS = ['<s>', '<pad>', '</s>', '<unk>', 'aaa_Latn', 'bbb_Latn']
const LETTERS = ' abcdefghijklmnopqrstuvwxyz:.,?!'
const VOCAB = [...MARKS, ...LETTERS]
const [START, PAD, END] = [0, 1, 2]
const SIZES: RewriterSizes = { layers: 2, heads: 2, headDim: 8, wide: 32, vocab: VOCAB.length, context: 96 }

export type TinyRewriter = {
  family: Family
  /** Whether it marks languages, as NLLB does. */
  multilingual?: boolean
  sizes?: Partial<RewriterSizes>
  quantized?: boolean
  fourBit?: 'float' | 'int8'
  /** More of its generation config. */
  generation?: object
  seed?: number
}

/**
 * Writes an encoder-decoder with random weights to `folder` as a hub repository has it; its tokens are letters. The
 * end token comes as often as any other.
 */
export async function writeTinyRewriter(folder: string, options: TinyRewriter): Promise<void> {
  const { family, multilingual = false, generation = {}, ...graphs } = options
  const sizes = { ...SIZES, ...options.sizes }
  const size = sizes.heads * sizes.headDim
  const start = family === 't5' ? PAD : END
  const ids = { decoder_start_token_id: start, eos_token_id: END, pad_token_id: PAD }
  const parts =
    family === 't5'
      ? {
          model_type: 't5',
          architectures: ['T5ForConditionalGeneration'],
          d_kv: sizes.headDim,
          num_heads: sizes.heads,
          num_layers: sizes.layers,
          num_decoder_layers: sizes.layers,
          n_positions: sizes.context,
        }
      : {
          model_type: multilingual ? 'm2m_100' : 'bart',
          architectures: [`${multilingual ? 'M2M100' : 'Bart'}ForConditionalGeneration`],
          encoder_layers: sizes.layers,
          decoder_layers: sizes.layers,
          encoder_attention_heads: sizes.heads,
          decoder_attention_heads: sizes.heads,
          max_position_embeddings: sizes.context,
        }
  const mark = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } })
  const before = multilingual ? [mark('aaa_Latn')] : family === 'bart' ? [mark('<s>')] : []
  const used = multilingual ? ['aaa_Latn', 'bbb_Latn', '</s>'] : ['<s>', '</s>']
  const files = {
    'config.json': { is_encoder_decoder: true, vocab_size: sizes.vocab, d_model: size, ...parts, ...ids },
    'generation_config.json': { ...ids, bos_token_id: START, ...generation },
    'tokenizer_config.json': {
      tokenizer_class: multilingual ? 'NllbTokenizer' : family === 't5' ? 'T5Tokenizer' : 'BartTokenizer',
      model_max_length: sizes.context,
      bos_token: '<s>',
      eos_token: '</s>',
      pad_token: '<pad>',
      unk_token: '<unk>',
      additional_special_tokens: ['aaa_Latn', 'bbb_Latn'],
    },
    'tokenizer.json': {
      version: '1.0',
      added_tokens: specialTokens(MARKS),
      normalizer: null,
      pre_tokenizer: null,
      post_processor: {
        type: 'TemplateProcessing',
        single: [...before, { Sequence: { id: 'A', type_id: 0 } }, mark('</s>')],
        pair: [],
        special_tokens: Object.fromEntries(
          used.map((token) => [token, { id: token, ids: [VOCAB.indexOf(token)], tokens: [token] }]),
        ),
      },
      decoder: { type: 'Fuse' },
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(VOCAB.map((token, id) => [token, id])),
        merges: [],
        unk_token: '<unk>',
        fuse_unk: false,
      },
    },
  }
  await mkdir(path.join(folder, 'onnx'), { recursive: true })
  for (const [name, content] of Object.entries(files))
    await writeFile(path.join(folder, name), JSON.stringify(content))
  const { encoder, decoder } = rewriterGraphs({ family, ...graphs, sizes })
  await writeFile(path.join(folder, 'onnx', 'encoder_model.onnx'), encodeOnnx(encoder))
  await writeFile(path.join(folder, 'onnx', 'decoder_model_merged.onnx'), encodeOnnx(decoder))
}
