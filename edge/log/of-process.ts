import { codeOf } from '../../shared/errors.ts'
import { createLog } from './json-lines.ts'
import type { Log } from './port.ts'

/** The log of a process itself, also of one whose edge cannot be made: no line of it is about an account. */
export const logOfProcess = (write: (line: string) => void): Log =>
  createLog({ write, tagOf: async () => '' })

/** Writes the line of an answer that no app made, but the server below it. */
export const failedTo = (log: Log) => (error: unknown, requestId: string) =>
  void log('error', 'answer_failed', { requestId, code: codeOf(error), error })
