/**
 * What can be wrong with a model's configuration, its files or its download. These are for the operator, on the
 * host's log and the command's last line; none of them reaches a client.
 */
export type ModelErrorCode =
  | 'manifest_invalid'
  | 'lock_invalid'
  | 'model_not_found'
  | 'model_not_locked'
  | 'model_file_missing'
  | 'model_file_changed'
  | 'model_file_unlocked'
  | 'serving_form_changed'
  | 'dtype_not_available'
  | 'file_name_refused'
  | 'template_unsupported'
  | 'hub_invalid'
  | 'hub_denied'
  | 'hub_not_found'
  | 'hub_unreachable'
  | 'hub_failed'
  | 'download_truncated'
  | 'download_corrupt'
  | 'disk_full'
  | 'disk_failed'
  | 'pull_interrupted'

/** A failure around models with a stable code. The message is one line and never holds a token or a signed URL. */
export class ModelError extends Error {
  readonly code: ModelErrorCode

  constructor(code: ModelErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ModelError'
    this.code = code
  }
}
