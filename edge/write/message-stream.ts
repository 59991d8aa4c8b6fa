import { createBound, namedEvent, type StreamForm } from './form.ts'
import { createHeldSpace } from './held-space.ts'
import type { HostAnswer, HostChunk } from './host-answer.ts'
import { messageError } from './message-errors.ts'
import { message, messageUsage, stopOf, toolUse } from './message-object.ts'

/** Writes a stream's events: the message's start with the usage of the prompt, then its blocks, then why it ended. */
export function createMessageStream(model: string, requestId: string): StreamForm {
  const remember = createBound()
  const held = createHeldSpace()
  let begun = false
  /** What kind of block is open, and how many there were before it. */
  let open: 'text' | 'tool_use' | undefined
  let index = 0
  let usage = { input: 0, output: 0 }
  let finish: HostAnswer['finish'] | undefined
  let stop: string | undefined

  const event = (type: string, more: object = {}) => namedEvent(type, { type, ...more })
  const delta = (type: string, more: object) =>
    event('content_block_delta', { index, delta: { type, ...more } })

  function start({ usage: counts }: HostChunk): string {
    if (!counts) throw new Error('a stream that does not begin with its prompt')
    usage = { input: counts.prompt_tokens, output: counts.completion_tokens }
    begun = true
    const none = { stop_reason: null, stop_sequence: null, stop_details: null }
    return event('message_start', { message: message({ model, requestId, content: [], usage, ...none }) })
  }

  function begin(kind: NonNullable<typeof open>, block: object): string {
    const before = end()
    open = kind
    return before + event('content_block_start', { index, content_block: block })
  }

  function end(): string {
    if (!open) return ''
    open = undefined
    return event('content_block_stop', { index: index++ })
  }

  function takeText(text: string): string {
    if (text === '') return ''
    held.add(text)
    return open !== 'text' && held.isSpace ? '' : write()
  }

  function write(): string {
    const began = open === 'text' ? '' : begin('text', { type: 'text', text: '', citations: null })
    return began + delta('text_delta', { text: held.take().text })
  }

  function takeCall({ id, function: called }: HostChunk['calls'][number]): string {
    let said = ''
    if (id != null && called.name != null) {
      held.take()
      said = begin('tool_use', toolUse(id, called.name, {}))
    }
    if (open !== 'tool_use') throw new Error('the arguments of no call')
    return called.arguments === ''
      ? said
      : said + delta('input_json_delta', { partial_json: called.arguments })
  }

  return {
    chunk(chunk) {
      let said = begun ? '' : start(chunk)
      remember(chunk.text.trim() === '' ? chunk.text.length : 0)
      said += takeText(chunk.text)
      for (const call of chunk.calls) said += takeCall(call)
      finish = chunk.finish ?? finish
      stop = chunk.stop ?? stop
      if (chunk.usage) usage = { input: chunk.usage.prompt_tokens, output: chunk.usage.completion_tokens }
      return said
    },
    end() {
      if (!begun || finish === undefined) throw new Error('the stream ended before its answer')
      const text = held.isEmpty ? '' : write()
      return (
        text +
        end() +
        event('message_delta', {
          delta: { ...stopOf({ finish, stop }), container: null },
          usage: messageUsage(usage),
        }) +
        event('message_stop')
      )
    },
    error: (envelope) => namedEvent('error', messageError(envelope)),
  }
}
