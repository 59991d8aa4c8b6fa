/** What metrics count of a model's jobs. */
export type JobEvent =
  | { type: 'claimed'; takenOver: boolean }
  | { type: 'input'; failed: boolean }
  /** The host has nothing to do with the job any more. */
  | { type: 'left' }
