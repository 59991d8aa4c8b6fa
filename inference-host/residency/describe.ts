import type { LoadRequest } from '../device/port.ts'
import { askChild } from '../platform/child-process.ts'
import type { DescribeAnswer, Description } from './description.ts'

const DESCRIBE = new URL('describe-process.ts', import.meta.url)

/**
 * Reads what a model's files say, in a child process: a large tokenizer takes a second, and the thread that answers
 * HTTP cannot spare that.
 * @throws Error of one line where the files cannot be read, or not within `timeoutMs`.
 */
export async function describe(
  id: string,
  request: Pick<LoadRequest, 'folder' | 'context' | 'task'>,
  timeoutMs: number,
): Promise<Description> {
  const asked = await askChild<DescribeAnswer>(DESCRIBE, request, timeoutMs)
  const answer = 'answer' in asked ? asked.answer : asked
  if ('failure' in answer) throw new Error(`${id}: its files cannot be read: ${answer.failure}`)
  return answer
}
