import { describe, expect, test } from 'vitest'
import { chooseFiles, isSafeName } from '../../../../inference-host/weights/files.ts'

const descriptions = ['config.json', 'tokenizer.json', 'tokenizer_config.json']
const wanted = { task: 'text-generation', dtype: 'auto', device: 'auto' } as const
const choose = (graphs: string[], over: Partial<Parameters<typeof chooseFiles>[1]> = {}) =>
  chooseFiles([...descriptions, ...graphs.map((name) => `onnx/${name}`)], { ...wanted, ...over }, 'repo')

describe('chooseFiles', () => {
  const all = ['model.onnx', 'model_fp16.onnx', 'model_q4.onnx', 'model_quantized.onnx', 'model_q4f16.onnx']

  test.each([
    [{}, 'q4'],
    [{ task: 'feature-extraction' }, 'q8'],
    [{ device: 'cpu' }, 'q4'],
    [{ device: 'cuda' }, 'q4f16'],
    [{ dtype: 'fp16' }, 'fp16'],
  ] as const)('of every dtype takes, for %j, %s', (over, dtype) => {
    expect(choose(all, over).dtype).toBe(dtype)
  })

  test('falls back to what is there', () => {
    expect(choose(['model.onnx']).dtype).toBe('fp32')
    expect(choose(['model_fp16.onnx']).dtype).toBe('fp16')
  })

  test('takes the external weights of the chosen graph and of no other', () => {
    const graphs = [
      'model.onnx',
      'model.onnx_data',
      'model_q4.onnx',
      'model_q4.onnx_data',
      'model_q4.onnx_data_1',
    ]
    expect(choose(graphs).files).toEqual([
      ...descriptions.slice(0, 1),
      'onnx/model_q4.onnx',
      'onnx/model_q4.onnx_data',
      'onnx/model_q4.onnx_data_1',
      ...descriptions.slice(1),
    ])
    expect(choose(graphs, { dtype: 'fp32' }).files).toContain('onnx/model.onnx_data')
    expect(choose(graphs, { dtype: 'fp32' }).files).not.toContain('onnx/model_q4.onnx_data')
  })

  test('takes both graphs of an encoder-decoder, in one dtype', () => {
    const graphs = ['encoder_model.onnx', 'encoder_model_q4.onnx', 'decoder_model_merged.onnx']
    const chosen = choose(graphs, { task: 'summarization' })
    expect(chosen.dtype).toBe('fp32')
    expect(chosen.files.filter((name) => name.startsWith('onnx/'))).toEqual([
      'onnx/decoder_model_merged.onnx',
      'onnx/encoder_model.onnx',
    ])
  })

  test('leaves weights of other frameworks and prose where they are', () => {
    const names = [...descriptions, 'onnx/model.onnx', 'README.md', 'model.safetensors', 'pytorch_model.bin']
    expect(chooseFiles(names, wanted, 'repo').files).toEqual([
      'config.json',
      'onnx/model.onnx',
      ...descriptions.slice(1),
    ])
  })

  test('says which dtypes there are', () => {
    expect(() => choose(['model_q4.onnx', 'model.onnx'], { dtype: 'q8' })).toThrow(
      expect.objectContaining({
        code: 'dtype_not_available',
        message: expect.stringContaining('there is fp32, q4'),
      }),
    )
    expect(() => choose([])).toThrow(expect.objectContaining({ code: 'dtype_not_available' }))
  })

  test('names a description that is missing', () => {
    expect(() => chooseFiles(['config.json', 'onnx/model.onnx'], wanted, 'repo')).toThrow(
      expect.objectContaining({ code: 'model_file_missing', message: 'repo: has no tokenizer.json' }),
    )
  })
})

describe('isSafeName', () => {
  test.each(['config.json', 'onnx/model.onnx_data_1', '..a/b', 'a b/ü.json'])('takes %s', (name) => {
    expect(isSafeName(name)).toBe(true)
  })
  test.each([
    '../x',
    'onnx/../../x',
    '/etc/passwd',
    '..\\x',
    'C:x',
    'a//b',
    'a/./b',
    'a/',
    '',
    'a\0b',
    'a\nb',
    'x'.repeat(501),
  ])('refuses %j', (name) => {
    expect(isSafeName(name)).toBe(false)
  })
})
