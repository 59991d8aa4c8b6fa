import * as z from 'zod'
import type { Answer } from '../../shared/fetch.ts'
import { parseJson } from '../../shared/parse-json.ts'

/** A usage block, in the header or the body. Only its counts are read. What writes nothing names no completion. */
export const UsageCounts = z.object({
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0).default(0),
})
export type UsageCounts = z.infer<typeof UsageCounts>

/** What the host says that it has counted before its answer begins, by the header `x-usage`; undefined where it does not say. */
export function usageIn(headers: Answer['headers']): UsageCounts | undefined {
  const said = headers.get('x-usage')
  return said === null ? undefined : UsageCounts.safeParse(parseJson(said)).data
}
