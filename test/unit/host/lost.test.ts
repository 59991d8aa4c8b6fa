import { describe, expect, test } from 'vitest'
import { DeviceLost, isDeviceLoss, isOutOfDeviceMemory } from '../../../inference-host/device/lost.ts'

const inRun = (status: string) =>
  new Error(`Non-zero status code returned while running MatMul node. Name:'' Status Message: ${status}`)

const LOST = [
  'WebGPU device lost (2): Device was destroyed.',
  'WebGPU validation failed. [Device] is lost.\n - While calling [Device].CreateBuffer([BufferDescriptor]).',
  'Failed to create a WebGPU compute pipeline: A valid external Instance reference no longer exists.',
  'buffer_manager.cc:553 Download Failed to download data from buffer. wgpu::MapAsyncStatus value: 3',
  'Failed to get a WebGPU device: out of luck',
  'cuda_call.cc:119 CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=a ; file=gpu_data_transfer.cc ; line=63',
  'CUDA failure 719: unspecified launch failure ; GPU=0',
  'CUDA failure 214: uncorrectable ECC error encountered ; GPU=0',
]
/** Those of WebGPU as SwiftShader gave them, those of CUDA from reports (onnxruntime issues 16307, 22702). */
const OUT_OF_MEMORY = [
  'WebGPU validation failed. Buffer size (3145728000) exceeds the max buffer size limit (1073741824).',
  'WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.\n - While validating entries[1]',
  'bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool) Failed to allocate memory for requested buffer of size 939524096',
  'CUDA failure 2: out of memory ; GPU=0 ; hostname=a',
]
const NEITHER = [
  'batch_size must be 1 when sequence_length > 1 and past context is given.',
  'CUDA failure 1: invalid argument ; GPU=0',
  'CUDA failure 712: part or all of the requested memory range is already mapped ; GPU=0',
  'CUDA failure 7000: a number that there is not',
  'the request is lost in the queue',
  '',
]

describe('errors of a device', () => {
  test.each(LOST)('lost: %s', (status) => {
    expect(isDeviceLoss(inRun(status))).toBe(true)
    expect(isOutOfDeviceMemory(inRun(status))).toBe(false)
  })

  test.each(OUT_OF_MEMORY)('out of memory: %s', (status) => {
    expect(isOutOfDeviceMemory(inRun(status))).toBe(true)
    expect(isDeviceLoss(inRun(status))).toBe(false)
  })

  test.each(NEITHER)('neither: %s', (status) => {
    expect(isDeviceLoss(inRun(status))).toBe(false)
    expect(isOutOfDeviceMemory(inRun(status))).toBe(false)
  })

  test('count as their causes do, and a lost cache as a lost device whatever its cause', () => {
    const cause = inRun(OUT_OF_MEMORY[0] as string)
    const error = new DeviceLost('the cache on the device is lost', { cause })
    expect([isDeviceLoss(error), isOutOfDeviceMemory(error)]).toEqual([true, true])
    expect(isDeviceLoss(new Error('a step failed', { cause: inRun(LOST[0] as string) }))).toBe(true)
    expect([isDeviceLoss('WebGPU device lost'), isDeviceLoss(undefined)]).toEqual([false, false])
  })
})
