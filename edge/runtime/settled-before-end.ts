import { settledWithin } from '../../shared/within.ts'

/** The longest that the end of an answer waits, in milliseconds. What is not settled then, the sweep charges. */
const LONGEST_MS = 5000

/**
 * The same answer, whose end comes after `tasks`. It is for a platform that lets a process compute only while it answers:
 * a settlement after the last byte would wait for another request. All bytes pass at once; only the end waits.
 */
export async function settledBeforeEnd(
  answer: Response,
  tasks: readonly Promise<unknown>[],
): Promise<Response> {
  if (tasks.length === 0) return answer
  const settle = () => settledWithin(LONGEST_MS, Promise.allSettled(tasks))
  if (answer.body === null) {
    await settle()
    return answer
  }
  const body = answer.body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({ flush: settle }))
  return new Response(body, answer)
}
