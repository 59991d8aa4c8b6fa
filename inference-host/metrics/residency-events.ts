/** What happens to a model in memory; times in milliseconds. */
export type ResidencyEvent =
  | { type: 'loaded'; tookMs: number }
  | { type: 'load_failed' }
  | { type: 'evicted' }
  /** Its process or its device went away. */
  | { type: 'lost' }
