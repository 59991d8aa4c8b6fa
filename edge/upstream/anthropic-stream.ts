import * as z from 'zod'
import type { TwohopError } from '../../shared/errors.ts'
import { MOST_CALLS } from '../../shared/openai/structure.ts'
import { Block, count, Ending, Usage } from './anthropic-shapes.ts'
import { busy, failedElsewhere } from './foreign-refusal.ts'
import { brokeOff, type Choice, type VendorStream } from './foreign-stream.ts'
import type { Tally } from './tally.ts'

const Place = z.int().min(0).max(10_000)
const Other = z.looseObject({ type: z.string() })

/** The events of a stream (platform.claude.com/docs/en/build-with-claude/streaming). More kinds may come, and say nothing here. */
const EVENTS = {
  message_start: z.object({ message: z.object({ usage: Usage.optional() }) }),
  content_block_start: z.object({ index: Place, content_block: Block }),
  content_block_delta: z.object({
    index: Place,
    delta: z.object({
      text: z.string().optional(),
      partial_json: z.string().optional(),
      thinking: z.string().optional(),
    }),
  }),
  message_delta: z.object({ delta: Ending, usage: Usage.optional() }),
  error: z.object({ error: z.object({ type: z.string() }).catch({ type: '' }) }),
}

/** Reads a stream of Anthropic's as the pieces of a chat. */
export function createMessageReader(tally: Tally): VendorStream {
  let begun = false
  let ended = false
  let cached: number | undefined
  /** The place among the calls that a block has, by the block's own. */
  const calls = new Map<number, number>()

  const piece = (delta: object, others: object = {}): Choice[] => [
    { index: 0, delta, logprobs: null, finish_reason: null, ...others },
  ]

  function text(said: string): Choice[] {
    tally.came(said)
    return said === '' ? [] : piece({ content: said })
  }

  function start({
    index,
    content_block: block,
  }: z.output<(typeof EVENTS)['content_block_start']>): Choice[] {
    if (block?.type === 'text') return text(block.text)
    if (block?.type !== 'tool_use') return []
    if (calls.size === MOST_CALLS) throw brokeOff()
    const at = calls.size
    calls.set(index, at)
    tally.came(block.name)
    // Its input comes in parts. One that is here already is the whole of it.
    const given = Object.keys(block.input).length > 0 ? JSON.stringify(block.input) : ''
    tally.came(given)
    const called = { name: block.name, arguments: given }
    return piece({ tool_calls: [{ index: at, id: block.id, type: 'function', function: called }] })
  }

  function more({ index, delta }: z.output<(typeof EVENTS)['content_block_delta']>): Choice[] {
    // A thought is counted, and not passed on.
    tally.came(delta.thinking)
    if (delta.text !== undefined) return text(delta.text)
    const at = calls.get(index)
    if (!delta.partial_json || at === undefined) return []
    tally.came(delta.partial_json)
    return piece({ tool_calls: [{ index: at, function: { arguments: delta.partial_json } }] })
  }

  function end({ delta, usage }: z.output<(typeof EVENTS)['message_delta']>): Choice[] {
    cached = count(usage, tally, true) ?? cached
    const { stop_reason: finish, stop_sequence: stop } = delta
    if (finish === null) return []
    ended = true
    return piece({}, { finish_reason: finish, ...(stop != null && { stop_reason: stop }) })
  }

  return {
    take({ data }) {
      const said: unknown = JSON.parse(data)
      const { type } = Other.parse(said)
      if (type === 'error') throw failed(EVENTS.error.parse(said).error.type, begun)
      if (type === 'ping') return []
      if (type === 'message_start') {
        begun = true
        // What it says of output here is only what has been written so far.
        cached = count(EVENTS.message_start.parse(said).message.usage, tally, false)
        return []
      }
      if (!begun) throw brokeOff()
      if (type === 'content_block_start') return start(EVENTS.content_block_start.parse(said))
      if (type === 'content_block_delta') return more(EVENTS.content_block_delta.parse(said))
      if (type === 'message_delta') return end(EVENTS.message_delta.parse(said))
      if (type !== 'message_stop') return []
      if (!ended) throw brokeOff()
      return 'end'
    },
    get begun() {
      return begun
    },
    get cached() {
      return cached
    },
  }
}

/** The error that a stream says. Where it comes in place of an answer, a vendor that is busy has computed nothing. */
function failed(type: string, begun: boolean): TwohopError {
  if (begun) return brokeOff()
  if (type === 'overloaded_error' || type === 'rate_limit_error') return busy(new Headers())
  if (['authentication_error', 'permission_error', 'billing_error', 'not_found_error'].includes(type))
    return failedElsewhere(undefined)
  return brokeOff()
}
