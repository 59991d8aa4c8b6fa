import { InferenceSession } from 'onnxruntime-node'
import type { Device } from '../../device/port.ts'
import type { Decoder } from './decoder.ts'
import { createDeviceDecoder } from './device-decoder.ts'
import { openDeviceMemory } from './device-memory.ts'
import { createOrtDecoder } from './ort-decoder.ts'
import type { DecoderShape } from './shape.ts'
import { SIZES } from './sizes.ts'

/**
 * Puts a serving form on its device. Its caches are on the device too where the form writes them in place, else in
 * this process's memory.
 * @param threads onnxruntime's threads within an operator, for what runs on the CPU.
 * @throws Error where the file or the device is not there
 */
export async function openDecoder(
  file: string,
  shape: DecoderShape,
  { device, threads, grain = SIZES.block }: { device: Device; threads: number; grain?: number },
): Promise<Decoder & { close(): Promise<void> }> {
  const session = await InferenceSession.create(file, {
    executionProviders: [device],
    intraOpNumThreads: threads,
    logSeverityLevel: 4,
  })
  if (shape.newLayout !== 'in-place')
    return { ...createOrtDecoder(session, shape), close: () => session.release() }
  const memory = await openDeviceMemory(device, shape, grain)
  return {
    ...createDeviceDecoder(session, shape, memory, grain),
    async close() {
      await session.release()
      await memory.close()
    },
  }
}
