import { codeOf, faultOf } from './fault.ts'
import type { Log } from './port.ts'

type Options = {
  /** Takes a line, without its end. */
  write: (line: string) => void
  /** What is written of an account (account-tag.ts). */
  tagOf: (account: string) => Promise<string>
}

/** A log of JSON lines: `level`, `event`, and what there is of `request_id`, `account` (a tag), `code` and `fault`. */
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
      // There is nowhere to tell it, and what the line is about must not fail with it.
    }
  }
}
