import { codeOf, faultOf } from './fault.ts'
import type { Log } from './port.ts'

type Options = {
  /** Takes a line, without its line break. */
  write: (line: string) => void
  /** The tag of an account (edge/log/account-tag.ts). */
  tagOf: (account: string) => Promise<string>
}

/** A log of JSON lines: `level` and `event`; where known `request_id`, `account` (a tag), `code`, `fault`, detail. */
export function createLog({ write, tagOf }: Options): Log {
  return async function log(level, event, { requestId, account, code, error, detail } = {}) {
    try {
      const tag = account ? await tagOf(account).catch(() => undefined) : undefined
      const line = {
        level,
        event,
        request_id: requestId,
        account: tag,
        code: code ?? codeOf(error),
        ...detail,
        ...(error !== undefined && { fault: faultOf(error) }),
      }
      write(JSON.stringify(line))
    } catch {
      // There is nowhere to report this, and the caller's work must not fail with it.
    }
  }
}
