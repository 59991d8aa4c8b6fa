import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { TwohopError } from '../../shared/errors.ts'
import { secondOf } from '../../shared/seconds.ts'
import { generationUsage } from '../../shared/usage.ts'
import type { HostCall } from './port.ts'
import type { Tally } from './tally.ts'

/** One piece of an answer, as a host's chunk has it. */
export type Choice = { index: number; [field: string]: unknown }

/** Reads the events of one vendor's stream. */
export type VendorStream = {
  /**
   * What an event says: pieces of the answer, or that it has ended.
   * @throws TwohopError where the vendor says that it failed; anything where nobody understands what it says
   */
  take(event: EventSourceMessage): readonly Choice[] | 'end'
  /**
   * Asks for what a stream does not say, once it has ended: the last pieces of the answer.
   * @throws as `take` does
   */
  rest?: () => Promise<readonly Choice[]>
  /** Whether the answer has begun, so that an error from now on breaks it off. */
  readonly begun: boolean
  /** The prompt's tokens that were in the vendor's cache. */
  readonly cached: number | undefined
}

type Options = {
  vendor: VendorStream
  tally: Tally
  /** What each chunk begins with: id, object, created, model. */
  head: { id: string; object: 'chat.completion.chunk' | 'text_completion'; created: number; model: string }
  /** The number of answers. */
  answers: number
}

/** The longest event that is accepted, in characters, and the longest stream, in bytes. */
const MAX_EVENT = 256 * 1024
const MAX_STREAM = 16 * 1024 * 1024

/** What each chunk of an answer begins with. */
export function headOf({ requestId, path, model }: HostCall, now: () => number): Options['head'] {
  const isChat = path === '/v1/chat/completions'
  return {
    id: `${isChat ? 'chatcmpl' : 'cmpl'}-${requestId}`,
    object: isChat ? 'chat.completion.chunk' : 'text_completion',
    created: secondOf(now()),
    model,
  }
}

/** The error for a stream that ends early, or is none. */
export const brokeOff = (cause?: unknown) =>
  new TwohopError('host_failed', 'The model broke off its answer.', { cause })

/** @throws TwohopError for a connection that breaks; the call's own reason where that was broken off */
function broken(error: unknown): never {
  throw error instanceof DOMException ? error : brokeOff(error)
}

/**
 * A vendor's stream as a host writes it: an opening with the prompt's tokens, the pieces, the usage, `[DONE]`. It resolves when
 * the vendor has said something, so that an error in place of an answer is none.
 * @throws TwohopError as the vendor's reader does; host_failed where the stream breaks off. So does reading it
 */
export async function hostStream(
  body: ReadableStream<Uint8Array> | null,
  { vendor, tally, head, answers }: Options,
): Promise<ReadableStream<Uint8Array>> {
  if (!body) throw brokeOff()
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const utf8 = new TextEncoder()
  let out = ''
  let bytes = 0
  let begun = false
  let ended = false
  let done = false
  let fault: unknown

  const parser = createParser({
    maxBufferSize: MAX_EVENT,
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') fault ??= brokeOff()
    },
    onEvent(event) {
      if (ended || fault !== undefined) return
      try {
        take(event)
      } catch (error) {
        fault = error instanceof TwohopError ? error : brokeOff(error)
      }
    },
  })

  const write = (choices: readonly object[], more: object = {}) => {
    out += `data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`
  }

  function take(event: EventSourceMessage): void {
    const said = vendor.take(event)
    if (!begun && vendor.begun) begin()
    if (said !== 'end') for (const choice of said) write([choice])
    else {
      ended = true
      if (!vendor.rest) end()
    }
  }

  /** What comes after the last event. */
  async function close(): Promise<void> {
    for (const choice of (await vendor.rest?.()) ?? []) write([choice])
    end()
  }

  function begin(): void {
    begun = true
    if (head.object === 'text_completion') return
    const usage = generationUsage(tally.usage().promptTokens, 0)
    for (let index = 0; index < answers; index++)
      write([{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }], {
        usage,
      })
  }

  function end(): void {
    done = true
    const { promptTokens, outputTokens } = tally.usage()
    const timing = {
      queue_ms: 0,
      compute_ms: tally.usage().computeMs,
      ...(vendor.cached !== undefined && { cached_prompt_tokens: vendor.cached }),
    }
    write([], { usage: generationUsage(promptTokens, outputTokens), timing })
    out += 'data: [DONE]\n\n'
  }

  /** Reads until there is something to pass on. */
  async function read(): Promise<string> {
    for (;;) {
      // What came before a fault in the same piece is passed on first.
      if (out === '' && fault !== undefined) throw fault
      if (out !== '') {
        const text = out
        out = ''
        return text
      }
      if (ended && !done) {
        await close()
        continue
      }
      const { done: over, value } = await reader.read().catch(broken)
      if (over) throw brokeOff()
      bytes += value.length
      if (bytes > MAX_STREAM) throw brokeOff()
      parser.feed(decoder.decode(value, { stream: true }))
    }
  }

  const leave = () => void reader.cancel().catch(() => {})
  let first: string | undefined = await read().catch((error: unknown) => {
    leave()
    throw error
  })
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const text = first ?? (await read())
          first = undefined
          controller.enqueue(utf8.encode(text))
          if (!done || out !== '') return
          controller.close()
          leave()
        } catch (error) {
          leave()
          controller.error(error)
        }
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  )
}
