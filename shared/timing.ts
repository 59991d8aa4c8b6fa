import * as z from 'zod'

/** What the host measured for one request, in whole milliseconds: waiting for the model, and computing. */
export const Timing = z.object({ queue_ms: z.int().min(0), compute_ms: z.int().min(0) })
export type Timing = z.infer<typeof Timing>
