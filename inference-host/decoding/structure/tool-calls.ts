import type { ToolCall, ToolCallDelta } from '../../../shared/openai/structure.ts'
import { BETWEEN_CALLS, CALL, CALL_TAIL, callHead } from '../../../shared/openai/tool-text.ts'

/** What a piece of an answer adds to it. */
export type ToolPiece = { content: string; toolCalls: ToolCallDelta[] }

/** Reads the calls out of an answer as it comes. */
export type ToolCallReader = {
  push(piece: string): ToolPiece
  /** What was held back, once no more comes. */
  flush(): ToolPiece
}

const [HEAD = '', MIDDLE = ''] = callHead('\0').split('\0')
/** Ends a call: arguments hold no line feed of their own, because JSON writes it as `\n`. */
const TAIL_FROM = CALL_TAIL.indexOf('\n')

/**
 * A reader of answers that follow a tool grammar. Text before the first call is content. Each call's first delta
 * carries id and name. The others carry its arguments as they come.
 * @param newId Makes a call's id, such as `call_` and 24 letters.
 */
export function createToolCallReader(newId: () => string): ToolCallReader {
  let held = ''
  let calls = 0
  let within: 'content' | 'name' | 'arguments' | 'tail' = 'content'
  let arrived: ToolPiece = { content: '', toolCalls: [] }

  /** Does what `held` allows; false where more is needed first. */
  function advance(): boolean {
    if (within === 'content') {
      const at = held.indexOf(CALL)
      const end = at >= 0 ? at : held.length - begun(held, CALL)
      // Line feeds between calls, or between text and a call, are not the text's own.
      const text = calls > 0 ? '' : held.slice(0, end)
      arrived.content += text
      held = held.slice(end)
      if (at < 0) return false
      within = 'name'
      return true
    }
    if (within === 'name') {
      const end = held.indexOf(MIDDLE, HEAD.length)
      if (end < 0) return false
      arrived.toolCalls.push({
        index: calls,
        id: newId(),
        type: 'function',
        function: { name: held.slice(HEAD.length, end), arguments: '' },
      })
      held = held.slice(end + MIDDLE.length)
      within = 'arguments'
      return true
    }
    if (within === 'arguments') {
      const line = held.indexOf('\n')
      // The brace before the line feed is the call's, not the arguments'.
      const end = line >= 0 ? line - TAIL_FROM : Math.max(0, held.length - TAIL_FROM)
      if (end > 0) arrived.toolCalls.push({ index: calls, function: { arguments: held.slice(0, end) } })
      held = held.slice(end)
      if (line < 0) return false
      within = 'tail'
      return true
    }
    if (!held.startsWith(CALL_TAIL)) return false
    held = held.slice(CALL_TAIL.length)
    calls++
    within = 'content'
    return held.startsWith(BETWEEN_CALLS)
  }

  function taken(): ToolPiece {
    const piece = arrived
    arrived = { content: '', toolCalls: [] }
    return piece
  }

  return {
    push(piece) {
      held += piece
      while (advance());
      return taken()
    },
    flush() {
      if (within === 'content' && calls === 0) arrived.content += held
      if (within === 'arguments' && held !== '')
        arrived.toolCalls.push({ index: calls, function: { arguments: held } })
      held = ''
      return taken()
    },
  }
}

/** The calls that these deltas add up to. */
export function joinToolCalls(deltas: readonly ToolCallDelta[]): ToolCall[] {
  const calls: ToolCall[] = []
  for (const { index, id = '', function: called } of deltas) {
    const present = calls[index]
    if (present) present.function.arguments += called.arguments
    else
      calls[index] = {
        id,
        type: 'function',
        function: { name: called.name ?? '', arguments: called.arguments },
      }
  }
  return calls
}

/** Length of the longest end of `text` that begins `mark`. */
function begun(text: string, mark: string): number {
  for (let length = Math.min(text.length, mark.length - 1); length > 0; length--)
    if (mark.startsWith(text.slice(-length))) return length
  return 0
}
