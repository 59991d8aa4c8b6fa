import { randomBytes } from 'node:crypto'

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

/** The files of a repository that tokenizes, but whose weights are noise of the given size. */
export function tinyModel(weights = 200_000): Record<string, Uint8Array> {
  return {
    'config.json': bytes({ model_type: 'bert', max_position_embeddings: 64 }),
    'tokenizer.json': bytes({
      version: '1.0',
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: null,
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: { '[UNK]': 0, a: 1, '##a': 2 },
      },
    }),
    'tokenizer_config.json': bytes({ tokenizer_class: 'BertTokenizer', model_max_length: 32 }),
    'onnx/model_quantized.onnx': randomBytes(weights),
    'onnx/model_quantized.onnx_data': randomBytes(1000),
    'onnx/model.onnx': randomBytes(1000),
    'README.md': new TextEncoder().encode('# tiny'),
  }
}

/** What pulling it for feature extraction on a CPU takes. */
export const TINY_FILES = [
  'config.json',
  'onnx/model_quantized.onnx',
  'onnx/model_quantized.onnx_data',
  'tokenizer.json',
  'tokenizer_config.json',
]
export const TINY_WEIGHTS = 'onnx/model_quantized.onnx'
