/**
 * A cache on a device that cannot be used any more: only loading the model anew helps. A warm-up finds out that it does
 * not come back, for any reason. The texts of onnxruntime's errors are not used.
 */
export class DeviceLost extends Error {
  override readonly name = 'DeviceLost'
}
