/** A device, or a cache on it, that cannot be used any more: only loading the model anew helps. */
export class DeviceLost extends Error {
  override readonly name = 'DeviceLost'
}

/**
 * How onnxruntime 1.30 and what it stands on say that a device is gone, or in a state that nothing mends. They come as
 * messages of plain Errors. Some losses end the process instead: using a WebGPU buffer after its device was destroyed
 * aborts it, and a driver may crash.
 *
 * - WebGPU: onnxruntime's webgpu_context.cc and buffer_manager.cc; Dawn's Device.cpp ("... is lost") and, once the
 *   device took its instance along, "A valid external Instance reference no longer exists".
 * - CUDA: errors that the CUDA runtime gives until the process ends, by their numbers in `cudaError_t` and their texts,
 *   as onnxruntime's cuda_call.cc prints them: `CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; ...`.
 */
const LOST = [
  /WebGPU device lost/,
  /\bdevice\b.* is lost\b/i,
  /A valid external Instance reference no longer exists/,
  /Failed to download data from buffer\. wgpu::MapAsyncStatus/,
  /Failed to get a WebGPU (?:adapter|device)/,
  /CUDA failure (?:46|214|220|700|702|709|710|71[4-9]|999)\b/,
  /illegal memory access|unspecified launch failure|uncorrectable ECC error/,
]

/**
 * Whether an error of a session says that its device is lost, so that the model has to be loaded anew, in a new
 * process. Memory that ran out is not that: see `isOutOfDeviceMemory`.
 */
export function isDeviceLoss(error: unknown): boolean {
  return error instanceof DeviceLost || says(LOST, error)
}

/**
 * How they say that memory ran out. The device goes on after it; what was to be allocated is not there.
 *
 * - WebGPU: a buffer larger than the adapter allows, or one that the driver could not give, which shows only where it
 *   is used ("Invalid Buffer"). Both seen on SwiftShader.
 * - CUDA: onnxruntime's arena, the driver and cuBLAS.
 */
const OUT_OF_MEMORY = [
  /exceeds the max buffer size limit/,
  /Invalid Buffer .* is invalid due to a previous error/,
  /Failed to create GPU buffer/,
  /_OUT_OF_DEVICE_MEMORY/,
  /Failed to allocate memory for requested buffer of size/,
  /BFC Arena ran out of memory/,
  /CUDA failure 2\b/,
  /CUBLAS_STATUS_ALLOC_FAILED/,
]

/** Whether an error of a session says that memory ran out. */
export function isOutOfDeviceMemory(error: unknown): boolean {
  return says(OUT_OF_MEMORY, error)
}

/** Whether an error, or one that caused it, has one of these texts. */
function says(texts: readonly RegExp[], error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { message } = at
    if (texts.some((text) => text.test(message))) return true
  }
  return false
}
