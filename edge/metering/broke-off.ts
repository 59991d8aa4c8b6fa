import { TwohopError } from '../../shared/errors.ts'

/** The error for a host whose stream ended early or cannot be read. */
export function brokeOff(cause?: unknown): TwohopError {
  return new TwohopError('host_failed', 'The model broke off its answer.', { cause })
}
