import type { Sums } from './packed.ts'

/**
 * The names of the sums in Redis. They are short, so that a day's sums fit into 64 characters: longer values make Redis
 * keep a hash in the form that takes five times as much memory.
 */
export const OUTCOME_NAMES = { ok: 'o', cancelled: 'c', failed: 'f', refused: 'r', unsettled: 'u' } as const
export const PROMPT = 'p'
export const OUTPUT = 't'
export const UNITS = 'n'

export type OutcomeName = keyof typeof OUTCOME_NAMES

/** Outcomes of requests that brought their caller nothing. One that he left himself is none of them. */
const FAILED: readonly OutcomeName[] = ['failed', 'refused', 'unsettled']

/** Sums of requests as the API shows them. */
export type UsageSums = {
  requests: number
  failed: number
  prompt_tokens: number
  output_tokens: number
  units: number
}

/** How many requests ended how. */
export function outcomesOf(sums: Sums): Record<OutcomeName, number> {
  const of = (name: OutcomeName) => sums.get(OUTCOME_NAMES[name]) ?? 0
  return {
    ok: of('ok'),
    cancelled: of('cancelled'),
    failed: of('failed'),
    refused: of('refused'),
    unsettled: of('unsettled'),
  }
}

/** The sums of requests in what a script has written. */
export function usageSums(sums: Sums): UsageSums {
  const outcomes = outcomesOf(sums)
  return {
    requests: Object.values(outcomes).reduce((sum, count) => sum + count, 0),
    failed: FAILED.reduce((sum, name) => sum + outcomes[name], 0),
    prompt_tokens: sums.get(PROMPT) ?? 0,
    output_tokens: sums.get(OUTPUT) ?? 0,
    units: sums.get(UNITS) ?? 0,
  }
}

/** Several sums together. */
export function totalOf(all: readonly UsageSums[]): UsageSums {
  const total = usageSums(new Map())
  for (const one of all)
    for (const name of ['requests', 'failed', 'prompt_tokens', 'output_tokens', 'units'] as const)
      total[name] += one[name]
  return total
}
