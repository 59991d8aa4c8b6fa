/** The options of every benchmark. */
export type BenchOptions = {
  /** Print one JSON object rather than tables. */
  json: boolean
  /** Rounds of the interleaved runs; medians are taken over these. */
  rounds: number
  /** Takes progress lines, so that standard output holds results alone. */
  progress: (line: string) => void
  /** Aborted by Ctrl-C: the benchmark ends what it has started, and rejects. */
  signal: AbortSignal
}

/** Runtimes of the edge that are measured. */
export const RUNTIME_NAMES = ['workers', 'node'] as const
export type RuntimeName = (typeof RUNTIME_NAMES)[number]

/** Guards of the plan that asks: none, or personal data and secrets blocked both ways. */
export const GUARD_NAMES = ['off', 'pii'] as const
export type GuardName = (typeof GUARD_NAMES)[number]

export type EdgeBenchOptions = BenchOptions & {
  guards: GuardName
  /** On what the edge and the bare proxy run. */
  runtime: RuntimeName
  /** Seconds that one run of one target lasts. */
  seconds: number
  /** One round of a second each: a look at everything, not figures to quote. */
  quick: boolean
  /** Measure Portkey's gateway too, which npm installs the first time. */
  portkey: boolean
  /** Instead of measuring, say in which functions the edge spends its time. */
  profile: boolean
}

export type BudgetBenchOptions = BenchOptions & {
  /** Seconds of reservations in one run. */
  seconds: number
}

export type HostBenchOptions = BenchOptions & {
  /**
   * A chat model: a folder laid out like a hub repository, or a hub id. Without it, one with random weights is made.
   */
  model: string | undefined
  /** An embedding model, likewise. */
  embeddingModel: string | undefined
  /** Smaller loads: a look at everything in a few minutes, not figures to quote. */
  quick: boolean
  /** The measurements to run, by name; empty for all. */
  only: readonly string[]
  /** File for the scaling curve. */
  svg: string | undefined
}
