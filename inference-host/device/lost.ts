/**
 * A cache on a device that cannot be used any more: only loading the model anew helps. That it does not come back is
 * found out by a warm-up, for any reason, and not by the texts of onnxruntime's errors.
 */
export class DeviceLost extends Error {
  override readonly name = 'DeviceLost'
}
