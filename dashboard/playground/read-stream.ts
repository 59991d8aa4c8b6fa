import { EventSourceParserStream } from 'eventsource-parser/stream'
import * as z from 'zod/mini'

const Usage = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() })

const Chunk = z.object({
  choices: z.optional(
    z.array(
      z.object({
        delta: z.optional(
          z.object({
            content: z.nullish(z.string()),
            tool_calls: z.optional(
              z.array(
                z.object({
                  index: z.number(),
                  function: z.optional(
                    z.object({ name: z.optional(z.string()), arguments: z.optional(z.string()) }),
                  ),
                }),
              ),
            ),
          }),
        ),
        finish_reason: z.nullish(z.string()),
      }),
    ),
  ),
  usage: z.nullish(Usage),
  error: z.optional(z.object({ code: z.nullish(z.string()), message: z.string() })),
})

/** How an answer stands. */
export type Answer = {
  text: string
  calls: readonly { name: string; arguments: string }[]
  finish: string
  usage?: z.output<typeof Usage>
}

export const NO_ANSWER: Answer = { text: '', calls: [], finish: '' }

/** The answer with what one event of the stream adds. @throws Error in the words of an error event */
export function added(answer: Answer, data: string): Answer {
  if (data === '[DONE]') return answer
  const { choices: [choice] = [], usage, error } = Chunk.parse(JSON.parse(data))
  if (error) throw new Error(`${error.message}${error.code ? ` (${error.code})` : ''}`)
  const calls = [...answer.calls]
  for (const { index, function: called } of choice?.delta?.tool_calls ?? []) {
    const before = calls[index] ?? { name: '', arguments: '' }
    calls[index] = {
      name: before.name + (called?.name ?? ''),
      arguments: before.arguments + (called?.arguments ?? ''),
    }
  }
  return {
    text: answer.text + (choice?.delta?.content ?? ''),
    calls,
    finish: choice?.finish_reason ?? answer.finish,
    ...((usage ?? answer.usage) && { usage: usage ?? answer.usage }),
  }
}

/** Reads a stream of server-sent events to its end. @param onAnswer called with the answer so far, at each event */
export async function readStream(
  body: ReadableStream<BufferSource>,
  onAnswer: (answer: Answer) => void,
): Promise<void> {
  const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  const reader = events.getReader()
  let answer = NO_ANSWER
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    answer = added(answer, value.data)
    onAnswer(answer)
  }
}
