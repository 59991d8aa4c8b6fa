/** What is left of one limit. */
export type Allowance = {
  limit: number
  remaining: number
  /** Whole seconds until the limit begins anew. */
  resetSeconds: number
}

/** What an account may still do, as the edge said with its answer. */
export type Budget = {
  /** Requests of this minute. */
  requests: Allowance
  /** Units of this minute, this day and this month (UTC). */
  minute: Allowance
  day: Allowance
  month: Allowance
  /** The highest of 50, 80 and 100 per cent that the day's and the month's budget have reached, where they have. */
  reached: { day?: number; month?: number }
}

/**
 * Reads `RateLimit`, `RateLimit-Policy` and `x-budget-threshold`, which stand with every answer of the edge to a request
 * that it counted.
 * @returns undefined where the answer has none
 */
export function readBudget(headers: Headers): Budget | undefined {
  const left = headers.get('ratelimit') ?? ''
  const policy = headers.get('ratelimit-policy') ?? ''
  const [requests, minute, day, month] = ['requests', 'units-minute', 'units-day', 'units-month'].map(
    (name): Allowance | undefined => {
      const limit = numberOf(policy, name, 'q')
      const remaining = numberOf(left, name, 'r')
      const resetSeconds = numberOf(left, name, 't')
      return limit === undefined || remaining === undefined || resetSeconds === undefined
        ? undefined
        : { limit, remaining, resetSeconds }
    },
  )
  if (!requests || !minute || !day || !month) return undefined
  const reached: Budget['reached'] = {}
  for (const [, window, percent] of (headers.get('x-budget-threshold') ?? '').matchAll(
    /\b(day|month)=(\d+)/g,
  ))
    reached[window as 'day' | 'month'] = Number(percent)
  return { requests, minute, day, month, reached }
}

/** A parameter of one item of a list, such as `r` of `"requests";r=5;t=60, "units-day";…`. */
function numberOf(list: string, item: string, parameter: string): number | undefined {
  const found = new RegExp(`"${item}"[^,]*;\\s*${parameter}=(\\d+)`).exec(list)
  return found ? Number(found[1]) : undefined
}
