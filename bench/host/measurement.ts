import type { Hosts } from './hosts.ts'
import type { Models } from './models.ts'

/** What a measurement works with. */
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
  /** The unit of `seen`; `x` is a ratio. */
  unit: 'x' | 'ms' | '%' | 'tokens/s' | `of ${number}`
  /** The project's own goal, if it has one. */
  asked?: { at: 'least' | 'most'; value: number }
  /** The smallest and largest of the values whose median is `seen`. */
  spread?: { min: number; max: number }
  /** The figures behind `seen`, in words. */
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
  /** The longest that it may take, in seconds. Then it is given up and the next one begins. */
  limitSeconds: number
  run(world: World): Promise<Measured>
}

/** The result of a measurement, and the seconds that it took. */
export type Result = { name: string; seconds: number } & (Measured | { failed: string })
