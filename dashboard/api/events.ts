import { EventSourceParserStream } from 'eventsource-parser/stream'

/** A server-sent event: its name, `message` where it has none, and its data. */
export type ServerEvent = { name: string; data: string }

/** The server-sent events of a body, as they come. Whoever leaves the loop leaves the stream. */
export async function* eventsOf(body: ReadableStream<BufferSource>): AsyncGenerator<ServerEvent, void, void> {
  const reader = body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      yield { name: value.event ?? 'message', data: value.data }
    }
  } finally {
    void reader.cancel().catch(() => {})
  }
}
