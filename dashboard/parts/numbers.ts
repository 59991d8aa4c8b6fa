const whole = new Intl.NumberFormat()
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 })

/** A count as people read it, such as 12,345. */
export const counted = (value: number) => whole.format(value)

/** The same where there is little room, such as 12.3K. */
export const inShort = (value: number) => short.format(value)

/** Milliseconds as people read them: 340 ms, 2.4 s. */
export const took = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

const STEPS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const

/** Seconds in their two largest steps: 3 d 4 h, 12 min, 40 s. */
export function lasting(seconds: number): string {
  let rest = Math.max(0, Math.ceil(seconds))
  const parts: string[] = []
  for (const [size, name] of STEPS) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0 && parts.length < 2) parts.push(`${count} ${name}`)
    else if (parts.length > 0) break
  }
  return parts.length > 0 ? parts.join(' ') : '0 s'
}
