import * as z from 'zod'

/** What the structured answers and the tools of these tests are asked for. */
export const Search = z.object({
  topic: z.enum(['budget', 'edge', 'host']),
  limit: z.number().int().min(1).max(9),
})

export const QUESTION = 'What is Twohop?'

/** Two texts that mean the same, and one of something else. */
export const TEXTS = [
  'How do I cancel my plan?',
  'How can I end my subscription?',
  'A recipe for potato soup',
] as const

/** The cosine of two vectors of length 1. */
export function dot(a: readonly number[] = [], b: readonly number[] = []): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}
