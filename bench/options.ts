/** What each benchmark is told. */
export type BenchOptions = {
  /** Print one JSON object rather than tables. */
  json: boolean
  /** Rounds of the interleaved runs; medians are over these. */
  rounds: number
  /** Seconds that one run of one target lasts. */
  seconds: number
  /** Where progress goes, so that standard output holds results alone. */
  progress: (line: string) => void
}
