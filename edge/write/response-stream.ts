import type { ErrorEnvelope } from '../../shared/errors.ts'
import type { TokenLogprob } from '../../shared/openai/chat.ts'
import { createBound, namedEvent, type StreamForm } from './form.ts'
import { createHeldSpace } from './held-space.ts'
import type { HostAnswer, HostChunk } from './host-answer.ts'
import {
  callId,
  type Echo,
  type Item,
  messageId,
  response,
  type Status,
  statusOf,
  textPart,
  type Usage,
  written,
} from './response-object.ts'

/**
 * Writes a stream's events, each with its number. Space that nothing follows but a call is left out, as it is in a whole
 * answer, so it is held back until that is known.
 */
export function createResponseStream(echo: Echo, requestId: string): StreamForm {
  const remember = createBound()
  const output: Item[] = []
  let sequence = 0
  let created: number | undefined
  let finish: HostAnswer['finish'] | undefined
  let usage: Usage | undefined
  let open: Item | undefined
  const held = createHeldSpace()

  const event = (type: string, more: object) =>
    namedEvent(type, { type, sequence_number: sequence++, ...more })
  const place = () => output.length - 1
  const whole = (status: Status) => ({
    response: response({ echo, requestId, created: created ?? 0, output, usage, status, finish }),
  })

  function begin(item: Item): string {
    const before = end('completed')
    open = item
    output.push(item)
    return before + event('response.output_item.added', { output_index: place(), item: written(item) })
  }

  /** Ends the item that is open, if there is one. */
  function end(status: Status): string {
    if (!open) return ''
    const item = open
    open = undefined
    item.status = status
    const at = { item_id: item.id, output_index: place() }
    let said: string
    if (item.kind === 'call')
      said = event('response.function_call_arguments.done', { ...at, arguments: item.arguments })
    else {
      const { text, logprobs } = item
      const part = { ...at, content_index: 0 }
      said =
        event('response.output_text.done', { ...part, text, logprobs }) +
        event('response.content_part.done', { ...part, part: textPart(text, logprobs) })
    }
    return said + event('response.output_item.done', { output_index: place(), item: written(item) })
  }

  function write(text: string, logprobs: TokenLogprob[]): string {
    let said = ''
    if (open?.kind !== 'message') {
      const id = messageId(requestId, output.length)
      said = begin({ kind: 'message', id, status: 'in_progress', text: '', logprobs: [] })
      const at = { item_id: id, output_index: place(), content_index: 0 }
      said += event('response.content_part.added', { ...at, part: textPart('', []) })
    }
    if (open?.kind !== 'message' || (text === '' && logprobs.length === 0)) return said
    open.text += text
    open.logprobs.push(...logprobs)
    const at = { item_id: open.id, output_index: place(), content_index: 0 }
    return said + event('response.output_text.delta', { ...at, delta: text, logprobs })
  }

  function takeText(text: string, logprobs: TokenLogprob[]): string {
    if (text === '' && logprobs.length === 0) return ''
    held.add(text, logprobs)
    if (open?.kind !== 'message' && held.isSpace) return ''
    return release()
  }

  function release(): string {
    const { text, logprobs } = held.take()
    return write(text, logprobs)
  }

  function takeCall({ id, function: called }: HostChunk['calls'][number]): string {
    let said = ''
    if (id != null && called.name != null) {
      held.take()
      const calls = output.filter(({ kind }) => kind === 'call').length
      const own = { id: callId(requestId, calls), call_id: id, name: called.name }
      said = begin({ kind: 'call', status: 'in_progress', arguments: '', ...own })
    }
    if (open?.kind !== 'call') throw new Error('the arguments of no call')
    if (called.arguments === '') return said
    open.arguments += called.arguments
    const at = { item_id: open.id, output_index: place() }
    return said + event('response.function_call_arguments.delta', { ...at, delta: called.arguments })
  }

  return {
    chunk({ created: at, text, calls, logprobs, finish: why, usage: counts, cached }) {
      let said = ''
      if (created === undefined) {
        created = at
        said =
          event('response.created', whole('in_progress')) +
          event('response.in_progress', whole('in_progress'))
      }
      remember(JSON.stringify([text, calls, logprobs]).length)
      said += takeText(text, logprobs)
      for (const call of calls) said += takeCall(call)
      finish = why ?? finish
      if (counts) usage = { prompt: counts.prompt_tokens, output: counts.completion_tokens, cached }
      return said
    },
    end() {
      if (created === undefined || finish === undefined) throw new Error('the stream ended before its answer')
      const status = statusOf(finish)
      let said = !held.isEmpty || output.length === 0 ? release() : ''
      said += end(status)
      return said + event(`response.${status}`, whole(status))
    },
    error({ error }: ErrorEnvelope) {
      const { code, message, param, request_id } = error
      return event('error', { code, message, param, request_id })
    },
  }
}
