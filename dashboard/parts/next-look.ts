/** How often is looked again while nothing changes: at first, and at most, in milliseconds. */
export type Pace = { first: number; longest: number }

export const CALM: Pace = { first: 15_000, longest: 300_000 }
export const LIVELY: Pace = { first: 3_000, longest: 60_000 }

/**
 * Milliseconds until the next look. Where nothing has changed, each wait is half as long again; where it failed, twice as
 * long; a change brings the first one back.
 */
export function nextLook(
  before: number,
  outcome: 'changed' | 'same' | 'failed',
  { first, longest }: Pace,
): number {
  if (outcome === 'changed') return first
  return Math.min(longest, Math.max(first, before * (outcome === 'failed' ? 2 : 1.5)))
}
