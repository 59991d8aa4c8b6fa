import { expect, test } from 'vitest'
import { pickDtype } from '../../../../inference-host/device/dtype.ts'

test('auto on the CPU: fewest bits for generation, int8 for encoders', () => {
  const files = ['model.onnx', 'model_fp16.onnx', 'model_quantized.onnx', 'model_q4.onnx']
  expect(pickDtype('auto', 'text-generation', 'cpu', files)).toBe('q4')
  expect(pickDtype('auto', 'feature-extraction', 'cpu', files)).toBe('q8')
})

test('auto on a GPU: 16 bits where it surely computes them', () => {
  const files = ['model.onnx', 'model_fp16.onnx', 'model_quantized.onnx']
  expect(pickDtype('auto', 'text-classification', 'cuda', files)).toBe('fp16')
  expect(pickDtype('auto', 'text-classification', 'webgpu', files)).toBe('fp32')
})

test('auto takes what there is', () => {
  expect(pickDtype('auto', 'text-generation', 'cuda', ['model_quantized.onnx'])).toBe('q8')
  expect(pickDtype('auto', 'feature-extraction', 'cpu', ['model.onnx'])).toBe('fp32')
})

test('a model of two graphs needs both in one dtype', () => {
  const files = ['encoder_model.onnx', 'decoder_model_merged.onnx', 'encoder_model_q4.onnx']
  expect(pickDtype('auto', 'translation', 'cpu', files)).toBe('fp32')
  expect(() => pickDtype('q4', 'translation', 'cpu', files)).toThrow(/decoder_model_merged_q4\.onnx/)
})

test('names what is missing', () => {
  expect(() => pickDtype('q8', 'text-generation', 'cpu', ['model.onnx'])).toThrow(/model_quantized\.onnx/)
  expect(() => pickDtype('q3', 'text-generation', 'cpu', ['model.onnx'])).toThrow(/q3/)
  expect(() => pickDtype('auto', 'text-generation', 'cpu', [])).toThrow(/no model/)
})
