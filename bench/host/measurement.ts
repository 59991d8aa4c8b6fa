import type { Hosts } from './hosts.ts'
import type { Models } from './models.ts'

/** What a measurement has to work with. */
export type World = {
  /** A running host; the first call starts it. */
  host: Hosts['get']
  /** The files that a host loads. */
  files: Hosts['files']
  models: Models
  rounds: number
  quick: boolean
  progress: (line: string) => void
  /** Aborted at the measurement's time limit, and by Ctrl-C. */
  signal: AbortSignal
}

/** One line of the result. */
export type Finding = {
  what: string
  seen: number
  /** What `seen` is in; a ratio has `x`. */
  unit: 'x' | 'ms' | '%' | 'tokens/s' | `of ${number}`
  /** What the project asks of itself, where it does. */
  asked?: { at: 'least' | 'most'; value: number }
  /** Smallest and largest of what `seen` is the median of. */
  spread?: { min: number; max: number }
  /** The figures behind it, in words. */
  note?: string
}

export type Measured = {
  findings: Finding[]
  /** Every raw figure, for the JSON. */
  raw: unknown
}

export type Measurement = {
  name: string
  about: string
  /** The longest that it may take, in seconds; then it is given up and the next one begins. */
  limitSeconds: number
  run(world: World): Promise<Measured>
}

/** What a measurement came to, and how long it took. */
export type Result = { name: string; seconds: number } & (Measured | { failed: string })
