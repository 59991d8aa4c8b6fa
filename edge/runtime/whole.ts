import * as z from 'zod'

/** A variable that is a whole number from `least` to `most`. */
export function whole(least: number, most: number) {
  const rule = `must be a whole number from ${least} to ${most}`
  return z.coerce.number<string>(rule).int(rule).min(least, rule).max(most, rule)
}
