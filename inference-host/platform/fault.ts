import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { linesAfterMessage } from '../../shared/stack-lines.ts'

/** What may be told of an error. Its message may not: it can hold a prompt, a token or a whole command. */
export type Fault = {
  /** Its class. */
  error: string
  /**
   * Where it was thrown, the innermost place first, as `inference-host/server/report.ts:33 < ...`; only where known.
   */
  at?: string
  /** The class of its cause, where it has one. */
  cause?: string
}

const FRAMES = 5
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CLASS = /^[A-Za-z_$][\w$]{0,63}$/
const FRAME = /^ {4}at (?:.* \()?((?:file:\/\/)?\/[^\s():?#]+):(\d+):\d+\)?$/

/** What may be told of anything that was thrown. */
export function faultOf(thrown: unknown): Fault {
  try {
    return faultOfError(thrown)
  } catch {
    // What was thrown throws when it is looked at. That it was thrown is told all the same.
    return { error: 'Error' }
  }
}

function faultOfError(thrown: unknown): Fault {
  if (!(thrown instanceof Error)) return { error: typeof thrown }
  const at = framesOf(thrown)
  return {
    error: classOf(thrown),
    ...(at.length > 0 && { at: at.join(' < ') }),
    ...(thrown.cause instanceof Error && { cause: classOf(thrown.cause) }),
  }
}

function classOf(error: Error): string {
  const { name } = error.constructor
  return CLASS.test(name) ? name : 'Error'
}

/**
 * The frames of an error's stack, as far as they are in this project or its packages. A frame is told only by the name of an existing file, and its line.
 */
function framesOf(error: Error): string[] {
  return linesAfterMessage(error)
    .flatMap((line) => {
      const [, file = '', place] = FRAME.exec(line) ?? []
      const path = file.replace('file://', '')
      return path.startsWith(ROOT) && existsSync(path) ? [`${path.slice(ROOT.length)}:${place}`] : []
    })
    .slice(0, FRAMES)
}
