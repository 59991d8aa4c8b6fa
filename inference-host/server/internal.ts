import { TwohopError } from '../../shared/errors.ts'
import { faultOf } from '../platform/fault.ts'
import type { Log } from '../platform/log.ts'

/** Logs what went wrong on our side, without its message. */
export function logInternal(log: Log, id: string, error: unknown): void {
  log('internal_error', { id, code: 'internal', ...faultOf(error) })
}

/** Logs what is thrown after a run was admitted, where the run's own end does not tell of it. */
export function logUnforeseen(log: Log, id: string, error: unknown): void {
  if (!(error instanceof TwohopError) || error.code === 'internal') logInternal(log, id, error)
}
