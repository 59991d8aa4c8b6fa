/** The quantile of the normal distribution for 95 per cent. */
const Z = 1.959964

/**
 * The interval in which the true share lies with 95 per cent confidence, for `good` of `all` (Wilson 1927). It is sensible for few
 * and for all or none, too. For none at all it is everything.
 */
export function wilson(good: number, all: number): [low: number, high: number] {
  if (all === 0) return [0, 1]
  const share = good / all
  const over = Z ** 2 / all
  const middle = (share + over / 2) / (1 + over)
  const half = (Z * Math.sqrt((share * (1 - share)) / all + over / (4 * all))) / (1 + over)
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}
